// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <cmath>

#include "../../lab/lab.h"
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

/// In: a, b, and where finished, bias and residual.
void product(const Sizes& s, bool finished, int activation, const Values& in, std::vector<double>& y) {
    for (int64_t i = 0; i < s.batch * s.m * s.n; ++i) {
        const int64_t which = i / (s.m * s.n), row = i / s.n % s.m, column = i % s.n;
        double sum = finished ? in[2][static_cast<size_t>(column)] + in[3][static_cast<size_t>(i)] : 0;
        for (int64_t k = 0; k < s.k; ++k) {
            const int64_t a = which * s.m * s.k + (s.transpose_a ? k * s.m + row : row * s.k + k);
            const int64_t b = which * s.k * s.n + (s.transpose_b ? column * s.k + k : k * s.n + column);
            sum += in[0][static_cast<size_t>(a)] * in[1][static_cast<size_t>(b)];
        }
        y[static_cast<size_t>(i)] = activate(activation, sum);
    }
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
    c.oracle = [=](const Values& in, Values& out) { product(s, finished, activation, in, out[0]); };
    lab.add(std::move(c));
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
    add_types(lab, {1, 1, 1, 1, false, true}, true, KN_ACTIVATION_NONE);
    add_types(lab, {1, 130, 8, 520, true, false}, false, KN_ACTIVATION_NONE);  // more slices than stages
    // linear layers of TxE and of the heads, a vocabulary, and what Slow-D's pointwise convolutions are at 8 clips
    lab.full_size([](Lab& l) {
        for (const Sizes& s : {Sizes{1, 10240, 4096, 1024}, Sizes{1, 10240, 1024, 4096}, Sizes{1, 1024, 50304, 768}, Sizes{1, 512, 2048, 2048},
                               Sizes{1, 4096, 1024, 10240, true, false}, Sizes{1, 10240, 4096, 1024, false, false}, Sizes{1, 8192, 8192, 8192},
                               Sizes{512, 128, 128, 64}, Sizes{1, 200704, 256, 64}, Sizes{1, 50176, 512, 128}, Sizes{1, 3136, 2048, 512}}) {
            add(l, s, false, KN_ACTIVATION_NONE, KN_BF16, KN_BF16);
        }
        add(l, {1, 4096, 4096, 4096}, true, KN_ACTIVATION_GELU, KN_F32, KN_F32);
        add(l, {1, 10240, 4096, 1024}, true, KN_ACTIVATION_GELU, KN_BF16, KN_BF16);
    });
}
}  // namespace kn::lab
