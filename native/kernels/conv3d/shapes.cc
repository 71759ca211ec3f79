// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <functional>

#include "../../lab/lab.h"
#include "conv3d.h"

namespace kn::lab {
namespace {
using conv3d::Sizes;

/// For every y and every tap that meets x: the indices in y's pixels, x's pixels, and the tap.
void each_tap(const Sizes& s, const std::function<void(int64_t out, int64_t in, int64_t tap)>& visit) {
    int64_t out = 0;
    for (int64_t n = 0; n < s.n; ++n)
        for (int64_t ot = 0; ot < s.out_t(); ++ot)
            for (int64_t oh = 0; oh < s.out_h(); ++oh)
                for (int64_t ow = 0; ow < s.out_w(); ++ow, ++out)
                    for (int64_t tap = 0; tap < s.taps(); ++tap) {
                        const int64_t t = ot * s.st - s.pt + tap / (s.kh * s.kw), h = oh * s.sh - s.ph + tap / s.kw % s.kh,
                                      w = ow * s.sw - s.pw + tap % s.kw;
                        if (t < 0 || t >= s.t || h < 0 || h >= s.h || w < 0 || w >= s.w) continue;
                        visit(out, ((n * s.t + t) * s.h + h) * s.w + w, tap);
                    }
}

size_t at(int64_t i) { return static_cast<size_t>(i); }

/// Where weight[o, i, tap] lies when packed.
int64_t packed_at(const Sizes& s, kn_dtype dtype, int64_t o, int64_t i, int64_t tap) {
    const conv3d::Packing p = conv3d::packing(s.i, s.kw, dtype);
    return ((o * s.kt * s.kh + tap / s.kw) * p.width + tap % s.kw) * p.channels + i;
}

Input packed_weights(const Sizes& s, kn_dtype dtype) {
    Input in{dtype, kn_conv3d_packed_elements(s.o, s.i, s.kt, s.kh, s.kw, dtype)};
    in.shape = [=](std::vector<double>& values) {
        std::vector<double> filled(values.size(), 0);
        for (int64_t o = 0; o < s.o; ++o)
            for (int64_t i = 0; i < s.i; ++i)
                for (int64_t tap = 0; tap < s.taps(); ++tap) filled[at(packed_at(s, dtype, o, i, tap))] = values[at(packed_at(s, dtype, o, i, tap))];
        values = filled;
    };
    return in;
}

Case make(const char* what, const Sizes& s, kn_dtype dtype, int variants) {
    Case c(std::string("conv3d.") + what, dtype,
           {{"n", s.n}, {"t", s.t}, {"h", s.h}, {"w", s.w}, {"i", s.i}, {"o", s.o}, {"kt", s.kt}, {"kh", s.kh}, {"kw", s.kw}, {"st", s.st},
            {"sh", s.sh}, {"sw", s.sw}, {"pt", s.pt}, {"ph", s.ph}, {"pw", s.pw}});
    c.variants = variants;
    c.flops = 2.0 * static_cast<double>(s.out_pixels() * s.o) * static_cast<double>(s.i * s.taps());
    c.bytes = static_cast<double>((s.pixels() * s.i + s.out_pixels() * s.o + s.o * s.i * s.taps()) * size_of(dtype));
    return c;
}

void add_forward(Lab& lab, const Sizes& s, bool finished, kn_dtype dtype) {
    Case c = make(finished ? "forward+finish" : "forward", s, dtype, conv3d::VARIANTS);
    c.inputs = {{dtype, s.pixels() * s.i}, packed_weights(s, dtype)};
    if (finished) {
        c.inputs.push_back({KN_F32, s.o});
        c.inputs.push_back({KN_F32, s.o});
        c.inputs.push_back({dtype, s.out_pixels() * s.o});
    }
    c.outputs = {{dtype, s.out_pixels() * s.o}};
    c.workspace = kn_conv3d_forward_workspace(s.n, s.t, s.h, s.w, s.i, s.o, s.kt, s.kh, s.kw, s.st, s.sh, s.sw, s.pt, s.ph, s.pw, dtype);
    c.reduction = s.i * s.taps();
    c.run = [=](int variant, const Call& call) {
        return conv3d::forward(variant, call.out[0], call.in[0], call.in[1], finished ? call.in[2] : 0, finished ? call.in[3] : 0,
                               finished ? call.in[4] : 0, s, finished, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        std::vector<double>& y = out[0];
        for (double& v : y) v = 0;
        each_tap(s, [&](int64_t p, int64_t q, int64_t tap) {
            for (int64_t o = 0; o < s.o; ++o)
                for (int64_t i = 0; i < s.i; ++i) y[at(p * s.o + o)] += in[0][at(q * s.i + i)] * in[1][at(packed_at(s, dtype, o, i, tap))];
        });
        for (size_t e = 0; finished && e < y.size(); ++e) {
            const double v = y[e] * in[2][e % at(s.o)] + in[3][e % at(s.o)] + in[4][e];
            y[e] = v > 0 ? v : 0;
        }
    };
    lab.add(std::move(c));
}

void add_input_gradient(Lab& lab, const Sizes& s, kn_dtype dtype) {
    Case c = make("input_gradient", s, dtype, conv3d::VARIANTS);
    c.inputs = {{dtype, s.out_pixels() * s.o}, packed_weights(s, dtype)};
    c.outputs = {{dtype, s.pixels() * s.i}};
    c.reduction = s.o * s.taps();
    c.run = [=](int variant, const Call& call) {
        return conv3d::input_gradient(variant, call.out[0], call.in[0], call.in[1], s, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (double& v : out[0]) v = 0;
        each_tap(s, [&](int64_t p, int64_t q, int64_t tap) {
            for (int64_t o = 0; o < s.o; ++o)
                for (int64_t i = 0; i < s.i; ++i) out[0][at(q * s.i + i)] += in[0][at(p * s.o + o)] * in[1][at(packed_at(s, dtype, o, i, tap))];
        });
    };
    lab.add(std::move(c));
}

void add_weight_gradient(Lab& lab, const Sizes& s, kn_dtype dtype) {
    Case c = make("weight_gradient", s, dtype, conv3d::VARIANTS);
    c.inputs = {{dtype, s.pixels() * s.i}, {dtype, s.out_pixels() * s.o}};
    c.outputs = {{KN_F32, s.o * s.i * s.taps()}};
    c.workspace =
        kn_conv3d_weight_gradient_workspace(s.n, s.t, s.h, s.w, s.i, s.o, s.kt, s.kh, s.kw, s.st, s.sh, s.sw, s.pt, s.ph, s.pw, dtype);
    c.reduction = s.out_pixels();
    c.run = [=](int variant, const Call& call) {
        return conv3d::weight_gradient(variant, call.out[0], call.in[0], call.in[1], s, dtype, call.workspace, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (double& v : out[0]) v = 0;
        each_tap(s, [&](int64_t p, int64_t q, int64_t tap) {
            for (int64_t o = 0; o < s.o; ++o)
                for (int64_t i = 0; i < s.i; ++i) out[0][at((o * s.i + i) * s.taps() + tap)] += in[0][at(q * s.i + i)] * in[1][at(p * s.o + o)];
        });
    };
    lab.add(std::move(c));
}

void add_pack(Lab& lab, const Sizes& s, kn_dtype dtype) {
    Case c = make("pack", s, dtype, 1);
    c.inputs = {{KN_F32, s.o * s.i * s.taps()}};
    c.outputs = {{dtype, kn_conv3d_packed_elements(s.o, s.i, s.kt, s.kh, s.kw, dtype)}};
    c.run = [=](int, const Call& call) { return kn_conv3d_pack(call.out[0], call.in[0], s.o, s.i, s.kt, s.kh, s.kw, dtype, call.stream); };
    c.oracle = [=](const Values& in, Values& out) {
        for (double& v : out[0]) v = 0;
        for (int64_t o = 0; o < s.o; ++o)
            for (int64_t i = 0; i < s.i; ++i)
                for (int64_t tap = 0; tap < s.taps(); ++tap) out[0][at(packed_at(s, dtype, o, i, tap))] = in[0][at((o * s.i + i) * s.taps() + tap)];
    };
    lab.add(std::move(c));
}

void add_all(Lab& lab, const Sizes& s, kn_dtype dtype) {
    add_forward(lab, s, false, dtype);
    add_forward(lab, s, true, dtype);
    add_input_gradient(lab, s, dtype);
    add_weight_gradient(lab, s, dtype);
}
}  // namespace

void register_conv3d(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (const Sizes& s : {Sizes{1, 3, 6, 6, 16, 24, 1, 3, 3, 1, 1, 1, 0, 1, 1},    // conv b
                               Sizes{2, 3, 5, 7, 16, 8, 1, 3, 3, 1, 2, 2, 0, 1, 1},     // conv b with its stride, odd sizes
                               Sizes{2, 4, 3, 5, 24, 16, 3, 1, 1, 1, 1, 1, 1, 0, 0},    // conv a of the late stages
                               Sizes{1, 2, 5, 5, 16, 72, 1, 1, 1, 1, 2, 2, 0, 0, 0},    // branch1 with its stride
                               Sizes{1, 2, 5, 8, 40, 72, 1, 1, 1, 1, 1, 1, 0, 0, 0},    // pointwise
                               Sizes{1, 5, 9, 12, 3, 16, 5, 7, 7, 2, 2, 2, 2, 3, 3},    // stem
                               Sizes{1, 3, 6, 5, 5, 7, 2, 3, 2, 1, 2, 3, 1, 0, 1},      // nothing is a multiple of anything
                               Sizes{1, 4, 4, 4, 8, 8, 2, 2, 2, 3, 3, 3, 0, 0, 0},     // pixels that no tap meets
                               Sizes{1, 5, 6, 7, 16, 24, 3, 3, 3, 2, 2, 2, 1, 1, 1},   // eight phases of different sizes
                               Sizes{2, 4, 9, 9, 16, 136, 1, 1, 1, 1, 1, 1, 0, 0, 0},  // pixels in several parts
                               Sizes{1, 2, 3, 7, 4, 8, 1, 2, 2, 1, 1, 2, 0, 0, 1},     // two pixels a chunk
                               Sizes{1, 2, 4, 5, 20, 16, 1, 3, 3, 1, 2, 1, 0, 1, 1}}) {  // channels to be filled up
            add_all(lab, s, dtype);
            add_pack(lab, s, dtype);
        }
    }
    // every distinct convolution of Slow-D at 8 and 32 clips of 16 x 224 x 224
    lab.full_size([](Lab& l) {
        for (Sizes s : {Sizes{8, 16, 224, 224, 3, 64, 5, 7, 7, 2, 2, 2, 2, 3, 3},
                        Sizes{8, 8, 56, 56, 64, 64, 1, 1, 1, 1, 1, 1, 0, 0, 0}, Sizes{8, 8, 56, 56, 256, 64, 1, 1, 1, 1, 1, 1, 0, 0, 0},
                        Sizes{8, 8, 56, 56, 64, 64, 1, 3, 3, 1, 1, 1, 0, 1, 1}, Sizes{8, 8, 56, 56, 64, 256, 1, 1, 1, 1, 1, 1, 0, 0, 0},
                        Sizes{8, 8, 56, 56, 256, 128, 1, 1, 1, 1, 1, 1, 0, 0, 0}, Sizes{8, 8, 28, 28, 512, 128, 1, 1, 1, 1, 1, 1, 0, 0, 0},
                        Sizes{8, 8, 56, 56, 128, 128, 1, 3, 3, 1, 2, 2, 0, 1, 1}, Sizes{8, 8, 28, 28, 128, 128, 1, 3, 3, 1, 1, 1, 0, 1, 1},
                        Sizes{8, 8, 28, 28, 128, 512, 1, 1, 1, 1, 1, 1, 0, 0, 0}, Sizes{8, 8, 56, 56, 256, 512, 1, 1, 1, 1, 2, 2, 0, 0, 0},
                        Sizes{8, 8, 28, 28, 512, 256, 3, 1, 1, 1, 1, 1, 1, 0, 0}, Sizes{8, 8, 14, 14, 1024, 256, 3, 1, 1, 1, 1, 1, 1, 0, 0},
                        Sizes{8, 8, 28, 28, 256, 256, 1, 3, 3, 1, 2, 2, 0, 1, 1}, Sizes{8, 8, 14, 14, 256, 256, 1, 3, 3, 1, 1, 1, 0, 1, 1},
                        Sizes{8, 8, 14, 14, 256, 1024, 1, 1, 1, 1, 1, 1, 0, 0, 0}, Sizes{8, 8, 28, 28, 512, 1024, 1, 1, 1, 1, 2, 2, 0, 0, 0},
                        Sizes{8, 8, 14, 14, 1024, 512, 3, 1, 1, 1, 1, 1, 1, 0, 0}, Sizes{8, 8, 7, 7, 2048, 512, 3, 1, 1, 1, 1, 1, 1, 0, 0},
                        Sizes{8, 8, 14, 14, 512, 512, 1, 3, 3, 1, 2, 2, 0, 1, 1}, Sizes{8, 8, 7, 7, 512, 512, 1, 3, 3, 1, 1, 1, 0, 1, 1},
                        Sizes{8, 8, 7, 7, 512, 2048, 1, 1, 1, 1, 1, 1, 0, 0, 0}, Sizes{8, 8, 14, 14, 1024, 2048, 1, 1, 1, 1, 2, 2, 0, 0, 0}}) {
            for (const int64_t clips : {8, 32}) {
                s.n = clips;
                add_forward(l, s, false, KN_BF16);
                add_forward(l, s, true, KN_BF16);
                if (s.i > 3) add_input_gradient(l, s, KN_BF16);
                add_weight_gradient(l, s, KN_BF16);
            }
        }
    });
}
}  // namespace kn::lab
