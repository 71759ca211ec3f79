// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <cmath>
#include <functional>
#include <limits>

#include "../../lab/lab.h"
#include "pool3d.h"

namespace kn::lab {
namespace {
using pool3d::Sizes;

/// Tells of every tap inside the input: the output element, the tap, the input element.
void visit(const Sizes& s, const std::function<void(size_t y, int64_t tap, size_t x)>& f) {
    for (int64_t i = 0; i < s.out_elements(); ++i) {
        const int64_t c = i % s.c, w = i / s.c % s.out_w(), h = i / (s.c * s.out_w()) % s.out_h();
        const int64_t t = i / (s.c * s.out_w() * s.out_h()) % s.out_t(), n = i / (s.c * s.out_w() * s.out_h() * s.out_t());
        for (int64_t tap = 0; tap < s.kt * s.kh * s.kw; ++tap) {
            const int64_t xt = t * s.st - s.pt + tap / (s.kh * s.kw), xh = h * s.sh - s.ph + tap / s.kw % s.kh;
            const int64_t xw = w * s.sw - s.pw + tap % s.kw;
            if (xt < 0 || xt >= s.t || xh < 0 || xh >= s.h || xw < 0 || xw >= s.w) continue;
            f(static_cast<size_t>(i), tap, static_cast<size_t>((((n * s.t + xt) * s.h + xh) * s.w + xw) * s.c + c));
        }
    }
}

Case pooling(const char* name, const Sizes& s, kn_dtype dtype) {
    Case c(std::string("pool3d.") + name, dtype,
           {{"n", s.n}, {"t", s.t}, {"h", s.h}, {"w", s.w}, {"c", s.c}, {"kt", s.kt}, {"kh", s.kh}, {"kw", s.kw}, {"st", s.st},
            {"sh", s.sh}, {"sw", s.sw}, {"pt", s.pt}, {"ph", s.ph}, {"pw", s.pw}});
    c.variants = pool3d::VARIANTS;
    return c;
}

/// Few different values, so that windows have ties.
void coarse(std::vector<double>& values) {
    for (double& v : values) v = std::round(2 * v);
}

void add_max(Lab& lab, const Sizes& s, bool ties, kn_dtype winners, kn_dtype dtype) {
    Case c = pooling(ties ? "max of ties" : "max", s, dtype);
    c.inputs = {{dtype, s.elements()}};
    if (ties) c.inputs[0].shape = coarse;
    c.outputs = {{dtype, s.out_elements()}, {winners, s.out_elements()}};
    c.bytes = static_cast<double>((s.elements() + s.out_elements()) * size_of(dtype) + s.out_elements() * size_of(winners));
    c.run = [=](int variant, const Call& call) {
        return pool3d::max(variant, call.out[0], call.out[1], call.in[0], s, winners, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        out[0].assign(out[0].size(), -std::numeric_limits<double>::infinity());
        visit(s, [&](size_t y, int64_t tap, size_t x) {
            if (in[0][x] > out[0][y]) {
                out[0][y] = in[0][x];
                out[1][y] = static_cast<double>(tap);
            }
        });
    };
    lab.add(std::move(c));
}

/// Winners need not be those of a forward pass: any taps test the gradient.
void add_max_gradient(Lab& lab, const Sizes& s, kn_dtype winners, kn_dtype dtype) {
    Case c = pooling("max_gradient", s, dtype);
    c.reduction = s.kt * s.kh * s.kw;
    c.condition = 2;
    c.inputs = {{dtype, s.out_elements()}, {winners, s.out_elements(), 1, s.kt * s.kh * s.kw}};
    c.outputs = {{dtype, s.elements()}};
    c.bytes = static_cast<double>((s.elements() + s.out_elements()) * size_of(dtype) + s.out_elements() * size_of(winners));
    c.run = [=](int variant, const Call& call) {
        return pool3d::max_gradient(variant, call.out[0], call.in[0], call.in[1], s, winners, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        visit(s, [&](size_t y, int64_t tap, size_t x) { out[0][x] += static_cast<int64_t>(in[1][y]) == tap ? in[0][y] : 0; });
    };
    lab.add(std::move(c));
}

void add_average(Lab& lab, const Sizes& s, bool gradient, kn_dtype dtype) {
    Case c = pooling(gradient ? "average_gradient" : "average", s, dtype);
    c.reduction = s.kt * s.kh * s.kw;
    c.condition = 4;  // sums of terms of either sign
    c.inputs = {{dtype, gradient ? s.out_elements() : s.elements()}};
    c.outputs = {{dtype, gradient ? s.elements() : s.out_elements()}};
    c.bytes = static_cast<double>((s.elements() + s.out_elements()) * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return gradient ? pool3d::average_gradient(variant, call.out[0], call.in[0], s, dtype, call.stream)
                        : pool3d::average(variant, call.out[0], call.in[0], s, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        const double volume = static_cast<double>(s.kt * s.kh * s.kw);
        visit(s, [&](size_t y, int64_t, size_t x) {
            if (gradient) {
                out[0][x] += in[0][y] / volume;
            } else {
                out[0][y] += in[0][x] / volume;
            }
        });
    };
    lab.add(std::move(c));
}

void add_global(Lab& lab, int64_t n, int64_t positions, int64_t channels, kn_dtype dtype) {
    Case c("pool3d.global_average", dtype, {{"n", n}, {"positions", positions}, {"c", channels}});
    c.variants = pool3d::VARIANTS;
    c.reduction = positions;
    c.condition = 2 * std::sqrt(static_cast<double>(positions));  // sums of terms of either sign
    c.inputs = {{dtype, n * positions * channels}};
    c.outputs = {{KN_F32, n * channels}};
    c.bytes = static_cast<double>(n * positions * channels * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return pool3d::global_average(variant, call.out[0], call.in[0], n, positions, channels, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (int64_t i = 0; i < n * positions * channels; ++i) {
            out[0][static_cast<size_t>(i / (positions * channels) * channels + i % channels)] +=
                in[0][static_cast<size_t>(i)] / static_cast<double>(positions);
        }
    };
    lab.add(std::move(c));
}
}  // namespace

void register_pool3d(Lab& lab) {
    // the stem's, with channels that are no packs; windows that overlap in all axes; disjoint ones; some of x unread
    const Sizes stem{2, 2, 9, 8, 16, 1, 3, 3, 1, 2, 2, 0, 1, 1}, ragged{1, 3, 7, 6, 5, 1, 3, 3, 1, 2, 2, 0, 1, 1};
    const Sizes overlapping{1, 4, 5, 4, 24, 3, 3, 3, 2, 1, 1, 1, 1, 1}, disjoint{2, 5, 2, 3, 8, 2, 1, 1, 2, 1, 1, 0, 0, 0};
    const Sizes sparse{1, 5, 7, 7, 8, 1, 2, 2, 2, 3, 3, 0, 0, 0};
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Sizes& s : {stem, ragged, overlapping, disjoint, sparse}) {
            for (kn_dtype winners : {KN_U8, KN_I32}) {
                add_max(lab, s, false, winners, dtype);
                add_max_gradient(lab, s, winners, dtype);
            }
            add_max(lab, s, true, KN_U8, dtype);
            add_average(lab, s, false, dtype);
            add_average(lab, s, true, dtype);
        }
        add_global(lab, 1, 1, 1, dtype);
        add_global(lab, 3, 105, 17, dtype);
        add_global(lab, 2, 70, 264, dtype);
    }
    // Slow-D's stem and head at 8 clips
    lab.full_size([](Lab& l) {
        const Sizes s{8, 16, 112, 112, 64, 1, 3, 3, 1, 2, 2, 0, 1, 1};
        add_max(l, s, false, KN_U8, KN_BF16);
        add_max_gradient(l, s, KN_U8, KN_BF16);
        add_average(l, {8, 16, 56, 56, 256, 2, 2, 2, 2, 2, 2, 0, 0, 0}, false, KN_BF16);
        add_average(l, {8, 16, 56, 56, 256, 2, 2, 2, 2, 2, 2, 0, 0, 0}, true, KN_BF16);
        add_global(l, 8, 392, 2048, KN_BF16);
    });
}
}  // namespace kn::lab
