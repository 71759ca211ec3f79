// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <cmath>

#include "../../lab/lab.h"
#include "../../lab/philox.h"
#include "matmul.h"

namespace kn::lab {
namespace {
struct Sizes {
    int64_t batch, m, n, k;
    bool transpose_a = false, transpose_b = true;
};

double activate(int activation, double x) {
    switch (activation) {
        case KN_ACTIVATION_RELU: return x > 0 ? x : 0;
        case KN_ACTIVATION_GELU: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
        case KN_ACTIVATION_GELU_TANH: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        default: return x;
    }
}

/// Element i of the product of in[0] and in[1].
double product_at(const Sizes& s, const std::vector<Elements>& in, int64_t i) {
    const int64_t which = i / (s.m * s.n), row = i / s.n % s.m, column = i % s.n;
    double sum = 0;
    for (int64_t k = 0; k < s.k; ++k) {
        const int64_t a = which * s.m * s.k + (s.transpose_a ? k * s.m + row : row * s.k + k);
        const int64_t b = which * s.k * s.n + (s.transpose_b ? column * s.k + k : k * s.n + column);
        sum += in[0][a] * in[1][b];
    }
    return sum;
}

void add(Lab& lab, const Sizes& s, bool finished, int activation, kn_dtype y_dtype, kn_dtype dtype) {
    Case c("matmul.multiply", dtype,
           {{"batch", s.batch}, {"m", s.m}, {"n", s.n}, {"k", s.k}, {"ta", s.transpose_a}, {"tb", s.transpose_b},
            {"activation", activation}, {"finished", finished}, {"y", y_dtype}});
    c.variants = matmul::VARIANTS;
    c.inputs = {{dtype, s.batch * s.m * s.k}, {dtype, s.batch * s.k * s.n}};
    if (finished) {
        c.inputs.push_back({KN_F32, s.n});
        c.inputs.push_back({y_dtype, s.batch * s.m * s.n});
    }
    c.outputs = {{y_dtype, s.batch * s.m * s.n}};
    c.reduction = s.k;
    c.flops = 2.0 * static_cast<double>(s.batch * s.m * s.n) * static_cast<double>(s.k);
    c.bytes = static_cast<double>(s.batch * ((s.m + s.n) * s.k * size_of(dtype) + s.m * s.n * size_of(y_dtype) * (finished ? 2 : 1)));
    c.run = [=](int variant, const Call& call) {
        const matmul::Product p{call.in[0], call.in[1], s.batch, s.m, s.n, s.k, s.transpose_a, s.transpose_b, dtype};
        return matmul::multiply(variant, call.out[0], p, 0, finished ? call.in[2] : 0, finished ? call.in[3] : 0, activation, y_dtype,
                                call.stream);
    };
    c.element = [=](const std::vector<Elements>& in, size_t, int64_t i) {
        return activate(activation, product_at(s, in, i) + (finished ? in[2][i % s.n] + in[3][i] : 0));
    };
    lab.add(std::move(c));
}

/// What is done to the sums; other is read where there is an operation.
struct Chain {
    int activation;
    double p;
    int operation;
    bool before;
    kn_dtype y, other;
};

double combine(int operation, double a, double b) {
    switch (operation) {
        case KN_BINARY_ADD: return a + b;
        case KN_BINARY_RELU_GRADIENT: return b > 0 ? a : 0;
        case KN_BINARY_GELU_GRADIENT:
            return a * (0.5 * (1 + std::erf(b / std::sqrt(2.0))) + b * std::exp(-0.5 * b * b) / std::sqrt(2 * M_PI));
        default: return a;
    }
}

/// In: a, b, bias, the random state, other. Out: y, and what is stored before.
void add_chain(Lab& lab, const Sizes& s, const Chain& f, kn_dtype dtype) {
    constexpr int32_t SALT = 7;
    const int64_t elements = s.batch * s.m * s.n;
    Case c("matmul.chain", dtype,
           {{"batch", s.batch}, {"m", s.m}, {"n", s.n}, {"k", s.k}, {"ta", s.transpose_a}, {"tb", s.transpose_b},
            {"activation", f.activation}, {"percent", static_cast<int64_t>(f.p * 100)}, {"operation", f.operation}, {"before", f.before},
            {"y", f.y}, {"other", f.other}});
    c.variants = matmul::VARIANTS;
    c.inputs = {{dtype, s.batch * s.m * s.k}, {dtype, s.batch * s.k * s.n}, {KN_F32, s.n}, {KN_I64, 2, 1, int64_t{1} << 50},
                {f.other, elements}};
    c.outputs = {{f.y, elements}};
    if (f.before) c.outputs.push_back({dtype, elements});
    c.reduction = s.k;
    c.flops = 2.0 * static_cast<double>(elements) * static_cast<double>(s.k);
    c.bytes = static_cast<double>(s.batch * (s.m + s.n) * s.k * size_of(dtype) + elements * (size_of(f.y) + (f.before ? size_of(dtype) : 0)
        + (f.operation == KN_CHAIN_END ? 0 : size_of(f.other))));
    c.run = [=](int variant, const Call& call) {
        const matmul::Product p{call.in[0], call.in[1], s.batch, s.m, s.n, s.k, s.transpose_a, s.transpose_b, dtype};
        const matmul::Finish finish{f.before ? call.out[1] : 0, call.in[2], f.p == 0 ? 0 : call.in[3], call.in[4], f.activation, f.p, SALT,
                                    f.operation, f.y, dtype, f.other};
        return matmul::chain(variant, call.out[0], p, finish, call.stream);
    };
    c.element = [=](const std::vector<Elements>& in, size_t output, int64_t i) {
        const double sum = product_at(s, in, i) + in[2][i % s.n];
        if (output == 1) return sum;
        const double x = activate(f.activation, sum);
        const double kept = f.p == 0 ? x : dropped(x, {in[3][0], in[3][1]}, f.p, SALT, static_cast<uint64_t>(i));
        return combine(f.operation, kept, in[4][i]);
    };
    lab.add(std::move(c));
}

void add_chains(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Sizes& s : {Sizes{1, 40, 72, 64}, Sizes{2, 5, 7, 9, false, false}}) {
            add_chain(lab, s, {KN_ACTIVATION_GELU, 0, KN_CHAIN_END, true, dtype, KN_F32}, dtype);
            add_chain(lab, s, {KN_ACTIVATION_GELU_TANH, 0.1, KN_CHAIN_END, true, dtype, KN_F32}, dtype);
            add_chain(lab, s, {KN_ACTIVATION_NONE, 0.25, KN_BINARY_ADD, false, KN_F32, KN_F32}, dtype);
            add_chain(lab, s, {KN_ACTIVATION_NONE, 0, KN_BINARY_RELU_GRADIENT, false, dtype, dtype}, dtype);
            add_chain(lab, s, {KN_ACTIVATION_NONE, 0, KN_BINARY_GELU_GRADIENT, false, dtype, dtype}, dtype);
            add_chain(lab, s, {KN_ACTIVATION_RELU, 0.1, KN_BINARY_ADD, true, KN_F32, dtype}, dtype);
        }
    }
}

void add_types(Lab& lab, const Sizes& s, bool finished, int activation) {
    add(lab, s, finished, activation, KN_F32, KN_F32);
    add(lab, s, finished, activation, KN_BF16, KN_BF16);
    add(lab, s, finished, activation, KN_F32, KN_BF16);
}
}  // namespace

void register_matmul(Lab& lab) {
    for (int form = 0; form < 4; ++form) {
        const bool ta = form & 1, tb = form & 2;
        add_types(lab, {1, 72, 136, 200, ta, tb}, false, KN_ACTIVATION_NONE);   // tiles with ragged ends
        add_types(lab, {3, 17, 13, 37, ta, tb}, false, KN_ACTIVATION_NONE);     // nothing is a multiple of anything
    }
    for (int activation = KN_ACTIVATION_NONE; activation <= KN_ACTIVATION_GELU_TANH; ++activation) {
        add_types(lab, {1, 40, 72, 64, false, true}, true, activation);
        add_types(lab, {2, 5, 7, 9, false, true}, true, activation);
    }
    add_chains(lab);
    add_types(lab, {1, 1, 1, 1, false, true}, true, KN_ACTIVATION_NONE);
    add_types(lab, {1, 130, 8, 520, true, false}, false, KN_ACTIVATION_NONE);  // more slices than stages
    // linear layers of TxE and of the heads, a vocabulary, and what Slow-D's pointwise convolutions are at 8 clips
    lab.full_size([](Lab& l) {
        for (const Sizes& s : {Sizes{1, 10240, 4096, 1024}, Sizes{1, 10240, 1024, 4096}, Sizes{1, 1024, 50304, 768}, Sizes{1, 512, 2048, 2048},
                               Sizes{1, 4096, 1024, 10240, true, false}, Sizes{1, 10240, 4096, 1024, false, false}, Sizes{1, 8192, 8192, 8192},
                               Sizes{512, 128, 128, 64}, Sizes{1, 200704, 256, 64}, Sizes{1, 50176, 512, 128}, Sizes{1, 3136, 2048, 512}}) {
            add(l, s, false, KN_ACTIVATION_NONE, KN_BF16, KN_BF16);
        }
        add_chain(l, {1, 10240, 4096, 1024}, {KN_ACTIVATION_GELU_TANH, 0.1, KN_CHAIN_END, true, KN_BF16, KN_F32}, KN_BF16);
        add_chain(l, {1, 10240, 1024, 4096}, {KN_ACTIVATION_NONE, 0.1, KN_BINARY_ADD, false, KN_F32, KN_F32}, KN_BF16);
        add(l, {1, 4096, 4096, 4096}, true, KN_ACTIVATION_GELU, KN_F32, KN_F32);
        add(l, {1, 10240, 4096, 1024}, true, KN_ACTIVATION_GELU, KN_BF16, KN_BF16);
    });
}
}  // namespace kn::lab
