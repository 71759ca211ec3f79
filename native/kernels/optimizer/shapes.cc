// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "optimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "../../lab/lab.h"

namespace kn::lab {
namespace {
using Sizes = std::vector<int64_t>;
constexpr double MOMENTUM = 0.9, DAMPENING = 0.25, DECAY = 0.01, TRUST = 0.02, EPSILON = 1e-6, BETA1 = 0.9, BETA2 = 0.999;

/// Many tensors, as inputs of the case: rate, step, factor of every other gradient, then parameter, gradient and `buffers` buffers of each.
struct Many {
    Sizes sizes;
    int buffers;
    double step;

    size_t input(size_t tensor, int what) const { return 3 + tensor * static_cast<size_t>(2 + buffers) + static_cast<size_t>(what); }

    void declare(Case& c, kn_dtype gradients) const {
        c.inputs = {{KN_F32, 1, 1, 2, [](std::vector<double>& v) { v[0] = 0.125; }},
                    {KN_I64, 1, 1, 2, [s = step](std::vector<double>& v) { v[0] = s; }},
                    {KN_F32, 1}};
        for (int64_t n : sizes) {
            const auto absolute = [](std::vector<double>& v) {
                for (double& x : v) x = std::fabs(x);
            };
            c.inputs.push_back({KN_F32, n});
            c.inputs.push_back({gradients, n});
            for (int b = 0; b < buffers; ++b) c.inputs.push_back({KN_F32, n, 1, 2, absolute});
        }
        for (size_t t = 0; t < sizes.size(); ++t) {
            c.outputs.push_back({KN_F32, sizes[t], static_cast<int>(input(t, 0))});
            for (int b = 0; b < buffers; ++b) c.outputs.push_back({KN_F32, sizes[t], static_cast<int>(input(t, 2 + b))});
        }
        const double elements = static_cast<double>(std::accumulate(sizes.begin(), sizes.end(), int64_t{0}));
        declare_workspace(c, 0);
        c.bytes = elements * (8.0 * (1 + buffers) + static_cast<double>(size_of(gradients)));
    }

    int64_t count() const { return static_cast<int64_t>(sizes.size()); }
    int64_t table_bytes() const { return (count() * (KN_OPTIMIZER_COLUMNS + 1) + 1) * 8; }

    /// Of a call, or with no addresses.
    std::vector<int64_t> table(const Call& call) const {
        std::vector<int64_t> rows;
        for (size_t t = 0; t < sizes.size(); ++t) {
            const kn_dptr* out = &call.out[t * static_cast<size_t>(1 + buffers)];
            const kn_dptr row[] = {out[0], call.in[input(t, 1)], call.in[0], buffers > 0 ? out[1] : 0, buffers > 1 ? out[2] : 0, call.in[1],
                                   t % 2 == 0 ? call.in[2] : 0};
            for (kn_dptr a : row) rows.push_back(static_cast<int64_t>(a));
            rows.push_back(sizes[t]);
        }
        rows.resize(rows.size() + sizes.size() + 1);
        return rows;
    }

    int64_t blocks() const {
        const size_t most = sizes.size() * 8 + 8;
        return kn_optimizer_blocks(table({std::vector<kn_dptr>(most), std::vector<kn_dptr>(most), 0, 0}).data(), count());
    }

    /// The table lies at the beginning of the workspace.
    void declare_workspace(Case& c, int64_t beside) const {
        c.workspace = scratch_at() + beside;
        c.prepare = [many = *this](const Call& call) {
            std::vector<int64_t> all = many.table(call);
            if (kn_optimizer_blocks(all.data(), many.count()) < 0) return KN_INVALID_ARGUMENT;
            kn_copy_to_device(call.workspace, reinterpret_cast<uintptr_t>(all.data()), many.table_bytes(), 0);
            return kn_device_synchronize();  // the copy reads what is about to go
        };
    }
    int64_t scratch_at() const { return (table_bytes() + 15) / 16 * 16; }
    kn_dptr scratch(const Call& call) const { return call.workspace + static_cast<kn_dptr>(scratch_at()); }
    optimizer::Tensors tensors(const Call& call) const { return {call.workspace, count(), blocks()}; }

    /// f(gradient, pointers to parameter and buffers, tensor) for each element.
    template <class F> void each(const Values& in, Values& out, F&& f) const {
        for (size_t t = 0; t < sizes.size(); ++t) {
            const size_t first = t * static_cast<size_t>(1 + buffers);
            for (size_t i = 0; i < static_cast<size_t>(sizes[t]); ++i) {
                double* state[3] = {&out[first][i], buffers > 0 ? &out[first + 1][i] : nullptr, buffers > 1 ? &out[first + 2][i] : nullptr};
                f(in[input(t, 1)][i] * (t % 2 == 0 ? in[2][0] : 1), state, t);
            }
        }
    }
};

std::vector<std::pair<const char*, int64_t>> named(const Many& many, bool switched) {
    const int64_t elements = std::accumulate(many.sizes.begin(), many.sizes.end(), int64_t{0});
    return {{"tensors", static_cast<int64_t>(many.sizes.size())}, {"n", elements}, {"buffers", many.buffers},
            {"step", static_cast<int64_t>(many.step)}, {"switched", switched}};
}

void descend(double g, double** state, const Many& many, double rate, bool nesterov) {
    double direction = g;
    if (many.buffers > 0) {
        *state[1] = many.step == 1 ? g : MOMENTUM * *state[1] + (1 - DAMPENING) * g;
        direction = nesterov ? g + MOMENTUM * *state[1] : *state[1];
    }
    *state[0] -= rate * direction;
}

void add_sgd(Lab& lab, const Many& many, bool nesterov, kn_dtype gradients) {
    Case c("optimizer.sgd", gradients, named(many, nesterov));
    c.variants = optimizer::VARIANTS;
    many.declare(c, gradients);
    c.run = [=](int variant, const Call& call) {
        return optimizer::sgd(variant, many.tensors(call), many.buffers > 0 ? MOMENTUM : 0,
                              DAMPENING, nesterov, DECAY, gradients, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        many.each(in, out, [&](double g, double** state, size_t) { descend(g + DECAY * *state[0], state, many, in[0][0], nesterov); });
    };
    lab.add(std::move(c));
}

double norm(const std::vector<double>& v) { return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)); }

void add_lars(Lab& lab, const Many& many, bool clip, kn_dtype gradients, bool zero = false) {
    Case c(zero ? "optimizer.lars of zeros" : "optimizer.lars", gradients, named(many, clip));
    c.variants = optimizer::VARIANTS;
    many.declare(c, gradients);
    if (zero) c.inputs[many.input(0, 0)].deviation = 0;
    c.reduction = *std::max_element(many.sizes.begin(), many.sizes.end());
    many.declare_workspace(c, kn_optimizer_lars_workspace(many.blocks()));
    c.run = [=](int variant, const Call& call) {
        return optimizer::lars(variant, many.tensors(call), many.buffers > 0 ? MOMENTUM : 0,
                               DAMPENING, 1, DECAY, TRUST, EPSILON, clip, gradients, many.scratch(call), call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        many.each(in, out, [&](double g, double** state, size_t t) {
            const double p = norm(in[many.input(t, 0)]), size = norm(in[many.input(t, 1)]) * (t % 2 == 0 ? std::fabs(in[2][0]) : 1);
            if (p != 0 && size != 0) {
                double a = TRUST * p / (size + DECAY * p + EPSILON);
                if (clip) a = std::min(a / in[0][0], 1.0);
                g = a * (g + DECAY * *state[0]);
            }
            descend(g, state, many, in[0][0], true);
        });
    };
    lab.add(std::move(c));
}

void add_adam(Lab& lab, const Many& many, bool decoupled, kn_dtype gradients) {
    Case c("optimizer.adam", gradients, named(many, decoupled));
    c.variants = optimizer::VARIANTS;
    many.declare(c, gradients);
    c.run = [=](int variant, const Call& call) {
        return optimizer::adam(variant, many.tensors(call), BETA1, BETA2, EPSILON, DECAY,
                               decoupled, gradients, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        const double rate = in[0][0];
        many.each(in, out, [&](double g, double** state, size_t) {
            if (decoupled) {
                *state[0] *= 1 - rate * DECAY;
            } else {
                g += DECAY * *state[0];
            }
            *state[1] = BETA1 * *state[1] + (1 - BETA1) * g;
            *state[2] = BETA2 * *state[2] + (1 - BETA2) * g * g;
            const double first = *state[1] / (1 - std::pow(BETA1, many.step)), second = *state[2] / (1 - std::pow(BETA2, many.step));
            *state[0] -= rate * first / (std::sqrt(second) + EPSILON);
        });
    };
    lab.add(std::move(c));
}

void add_average(Lab& lab, const Many& many, kn_dtype gradients) {
    Case c("optimizer.average", gradients, named(many, false));
    c.variants = optimizer::VARIANTS;
    many.declare(c, gradients);
    c.run = [=](int variant, const Call& call) {
        return optimizer::average(variant, many.tensors(call), gradients, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        many.each(in, out, [&](double g, double** state, size_t) { *state[0] = in[0][0] * *state[0] + (1 - in[0][0]) * g; });
    };
    lab.add(std::move(c));
}

void add_increment(Lab& lab, int64_t n) {
    Case c("optimizer.increment", KN_I64, {{"n", n}});
    c.inputs = {{KN_I64, n, 1, int64_t{1} << 50}};
    c.outputs = {{KN_I64, n, 0}};
    c.run = [=](int, const Call& call) { return kn_optimizer_increment(call.out[0], n, -3, call.stream); };
    c.oracle = [=](const Values&, Values& out) { out[0].back() -= 3; };
    lab.add(std::move(c));
}

/// Tensors as a ResNet-50 has them: most are a few channels, some are large.
Sizes network() {
    Sizes sizes;
    for (int64_t i = 0; i < 160; ++i) sizes.push_back(i % 3 != 0 ? 64 << i % 5 : i % 2 == 0 ? 589824 : 262144);
    return sizes;
}
}  // namespace

void register_optimizer(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (bool flag : {false, true}) {
            add_sgd(lab, {{1, 257, 4096 + 6}, flag ? 1 : 0, 2}, flag, dtype);
            add_lars(lab, {{3, 4096 + 6}, flag ? 1 : 0, 2}, flag, dtype);
            add_adam(lab, {{5, 4096 + 6, 1024}, 2, 3}, flag, dtype);
        }
        add_sgd(lab, {{17}, 1, 1}, false, dtype);
        add_average(lab, {{5, 4096 + 6, 0, 16}, 0, 1}, dtype);
    }
    add_lars(lab, {{12}, 0, 1}, false, KN_F32, true);
    add_adam(lab, {{12}, 2, 1}, true, KN_F32);
    // more than a block has threads, and some that are empty
    Sizes many(300, 3);
    many[0] = many[7] = many[299] = 0;
    add_adam(lab, {many, 2, 3}, true, KN_F32);
    add_lars(lab, {many, 1, 2}, true, KN_F32);
    add_increment(lab, 1);
    add_increment(lab, 3);
    lab.full_size([](Lab& l) {
        add_sgd(l, {network(), 1, 2}, false, KN_F32);
        add_lars(l, {network(), 1, 2}, false, KN_F32);
        add_adam(l, {network(), 2, 2}, true, KN_F32);
        add_average(l, {network(), 0, 2}, KN_F32);
    });
}
}  // namespace kn::lab
