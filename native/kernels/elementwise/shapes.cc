// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <cmath>

#include "../../lab/lab.h"
#include "../../lab/philox.h"
#include "elementwise.h"

namespace kn::lab {
namespace {
double normal_distribution(double x) { return 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }

double gelu_tanh(double x) { return std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)); }

/// The unary operation that is an activation.
constexpr int UNARY_OF[] = {KN_UNARY_SCALE, KN_UNARY_RELU, KN_UNARY_GELU, KN_UNARY_GELU_TANH};

double unary(int operation, double x) {
    switch (operation) {
        case KN_UNARY_SCALE: return -1.75 * x + 0.375;
        case KN_UNARY_RELU: return x > 0 ? x : 0;
        case KN_UNARY_GELU: return x * normal_distribution(x);
        case KN_UNARY_GELU_TANH: return x / 2 * (1 + gelu_tanh(x));
        default: return 1 / (1 + std::exp(-x));
    }
}

double binary(int operation, double a, double b) {
    switch (operation) {
        case KN_BINARY_ADD: return a + b;
        case KN_BINARY_MUL: return a * b;
        case KN_BINARY_RELU_GRADIENT: return b > 0 ? a : 0;
        case KN_BINARY_GELU_TANH_GRADIENT: {
            const double t = gelu_tanh(b);
            return a * ((1 + t) / 2 + b / 2 * (1 - t * t) * std::sqrt(2 / M_PI) * (1 + 3 * 0.044715 * b * b));
        }
        default: return a * (normal_distribution(b) + b * std::exp(-0.5 * b * b) / std::sqrt(2 * M_PI));
    }
}

void add_unary(Lab& lab, int operation, const char* name, int64_t n, kn_dtype dtype) {
    Case c("elementwise." + std::string(name), dtype, {{"n", n}});
    c.variants = elementwise::VARIANTS;
    c.inputs = {{dtype, n}};
    c.outputs = {{dtype, n}};
    c.bytes = 2.0 * static_cast<double>(n * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return elementwise::unary(variant, call.out[0], call.in[0], n, operation, -1.75f, 0.375f, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < out[0].size(); ++i) out[0][i] = unary(operation, in[0][i]);
    };
    lab.add(std::move(c));
}

void add_binary(Lab& lab, int operation, const char* name, int64_t n, int64_t period, kn_dtype dtype) {
    Case c("elementwise." + std::string(name), dtype, {{"n", n}, {"period", period}});
    c.variants = elementwise::VARIANTS;
    c.inputs = {{dtype, n}, {dtype, period}};
    c.outputs = {{dtype, n}};
    c.bytes = static_cast<double>((2 * n + period) * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return elementwise::binary(variant, call.out[0], call.in[0], call.in[1], n, period, operation, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < out[0].size(); ++i) out[0][i] = binary(operation, in[0][i], in[1][i % in[1].size()]);
    };
    lab.add(std::move(c));
}

struct Types {
    kn_dtype y, x, other;
};

/// In: x, the random state, and where there is an operation, the other tensor.
void add_chain(Lab& lab, int activation, double p, int operation, int64_t n, const Types& t) {
    constexpr int32_t SALT = 5;
    const bool ends = operation == KN_CHAIN_END;
    Case c("elementwise.chain", t.x, {{"n", n}, {"activation", activation}, {"percent", static_cast<int64_t>(p * 100)},
                                      {"operation", operation}, {"y", t.y}, {"other", t.other}});
    c.variants = elementwise::VARIANTS;
    c.inputs = {{t.x, n}, {KN_I64, 2, 1, int64_t{1} << 50}};
    if (!ends) c.inputs.push_back({t.other, n});
    c.outputs = {{t.y, n}};
    c.bytes = static_cast<double>(n * (size_of(t.x) + size_of(t.y) + (ends ? 0 : size_of(t.other))));
    c.run = [=](int variant, const Call& call) {
        return elementwise::chain(variant, call.out[0], call.in[0], p == 0 ? 0 : call.in[1], ends ? 0 : call.in[2], n, activation, p, SALT,
                                  operation, t.y, t.x, t.other, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < out[0].size(); ++i) {
            const double x = activation == KN_ACTIVATION_NONE ? in[0][i] : unary(UNARY_OF[activation], in[0][i]);
            const double kept = p == 0 ? x : dropped(x, in[1], p, SALT, i);
            out[0][i] = ends ? kept : binary(operation, kept, in[2][i]);
        }
    };
    lab.add(std::move(c));
}

void add_chains(Lab& lab) {
    for (kn_dtype y : {KN_F32, KN_BF16}) {
        for (kn_dtype x : {KN_F32, KN_BF16}) {
            for (kn_dtype other : {KN_F32, KN_BF16}) {
                add_chain(lab, KN_ACTIVATION_GELU_TANH, 0.1, KN_BINARY_ADD, 1003, {y, x, other});
                add_chain(lab, KN_ACTIVATION_NONE, 0.25, KN_BINARY_GELU_GRADIENT, 257, {y, x, other});
            }
            for (int activation = KN_ACTIVATION_NONE; activation <= KN_ACTIVATION_GELU_TANH; ++activation) {
                add_chain(lab, activation, 0, KN_CHAIN_END, 4096 + 3, {y, x, KN_F32});
            }
            add_chain(lab, KN_ACTIVATION_NONE, 0.1, KN_CHAIN_END, 4096 + 3, {y, x, KN_F32});
        }
        for (int operation : {KN_BINARY_ADD, KN_BINARY_RELU_GRADIENT, KN_BINARY_GELU_GRADIENT, KN_BINARY_GELU_TANH_GRADIENT}) {
            add_chain(lab, KN_ACTIVATION_NONE, 0, operation, 1003, {y, KN_F32, KN_BF16});
        }
    }
    add_chain(lab, KN_ACTIVATION_RELU, 0.5, KN_BINARY_ADD, 1, {KN_F32, KN_F32, KN_F32});
}

void add_convert(Lab& lab, kn_dtype from, kn_dtype to, int64_t n) {
    Case c("elementwise.convert", from, {{"to", to}, {"n", n}});
    c.inputs = {{from, n}};
    c.outputs = {{to, n}};
    c.bytes = static_cast<double>(n * (size_of(from) + size_of(to)));
    c.run = [=](int, const Call& call) { return kn_elementwise_convert(call.out[0], call.in[0], n, to, from, call.stream); };
    c.oracle = [](const Values& in, Values& out) { out[0] = in[0]; };
    lab.add(std::move(c));
}

void add_fill(Lab& lab, int64_t n, kn_dtype dtype) {
    Case c("elementwise.fill", dtype, {{"n", n}});
    c.outputs = {{dtype, n}};
    c.bytes = static_cast<double>(n * size_of(dtype));
    c.run = [=](int, const Call& call) { return kn_elementwise_fill(call.out[0], n, -1.75f, dtype, call.stream); };
    c.oracle = [](const Values&, Values& out) { out[0].assign(out[0].size(), -1.75); };
    lab.add(std::move(c));
}
}  // namespace

void register_elementwise(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (int64_t n : {int64_t{1}, int64_t{257}, int64_t{4096 + 3}}) {
            add_unary(lab, KN_UNARY_SCALE, "scale", n, dtype);
            add_unary(lab, KN_UNARY_RELU, "relu", n, dtype);
            add_unary(lab, KN_UNARY_GELU, "gelu", n, dtype);
            add_unary(lab, KN_UNARY_GELU_TANH, "gelu_tanh", n, dtype);
            add_unary(lab, KN_UNARY_SIGMOID, "sigmoid", n, dtype);
        }
        for (int64_t period : {int64_t{1}, int64_t{17}, int64_t{64}, int64_t{17 * 64}}) {
            add_binary(lab, KN_BINARY_ADD, "add", 17 * 64, period, dtype);
            add_binary(lab, KN_BINARY_MUL, "mul", 17 * 64, period, dtype);
        }
        add_binary(lab, KN_BINARY_RELU_GRADIENT, "relu_gradient", 1003, 1003, dtype);
        add_binary(lab, KN_BINARY_GELU_GRADIENT, "gelu_gradient", 1003, 1003, dtype);
        add_binary(lab, KN_BINARY_GELU_TANH_GRADIENT, "gelu_tanh_gradient", 1003, 1003, dtype);
        add_convert(lab, dtype, KN_F32, 1003);
        add_convert(lab, dtype, KN_BF16, 1003);
        add_fill(lab, 1003, dtype);
    }
    add_chains(lab);
    // res2's output of 8 clips and activations of TxE: what the time is taken of
    lab.full_size([](Lab& l) {
        add_chain(l, KN_ACTIVATION_GELU_TANH, 0.1, KN_CHAIN_END, int64_t{10240} * 4096, {KN_BF16, KN_BF16, KN_F32});
        add_chain(l, KN_ACTIVATION_NONE, 0.1, KN_BINARY_ADD, int64_t{10240} * 1024, {KN_F32, KN_BF16, KN_F32});
        for (kn_dtype dtype : {KN_F32, KN_BF16}) {
            add_unary(l, KN_UNARY_RELU, "relu", int64_t{8} * 16 * 56 * 56 * 256, dtype);
            add_binary(l, KN_BINARY_ADD, "add", int64_t{8} * 16 * 56 * 56 * 256, int64_t{8} * 16 * 56 * 56 * 256, dtype);
        }
    });
}
}  // namespace kn::lab
