// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include <algorithm>

#include "../../lab/values.h"
#include "conv3d.h"

namespace kn::lab {
namespace {
using conv3d::Sizes;

struct Pixel {
    int64_t n, t, h, w;
};

Pixel pixel(int64_t at, int64_t t, int64_t h, int64_t w) { return {at / (t * h * w), at / (h * w) % t, at / w % h, at % w}; }

/// The pixel of x under a tap of one of y; -1 where there is none.
int64_t under(const Sizes& s, const Pixel& y, int64_t tap) {
    const int64_t t = y.t * s.st - s.pt + tap / (s.kh * s.kw), h = y.h * s.sh - s.ph + tap / s.kw % s.kh, w = y.w * s.sw - s.pw + tap % s.kw;
    if (t < 0 || t >= s.t || h < 0 || h >= s.h || w < 0 || w >= s.w) return -1;
    return ((y.n * s.t + t) * s.h + h) * s.w + w;
}

/// The pixel of y whose tap lies on one of x; -1 where there is none.
int64_t over(const Sizes& s, const Pixel& x, int64_t tap) {
    const int64_t t = x.t + s.pt - tap / (s.kh * s.kw), h = x.h + s.ph - tap / s.kw % s.kh, w = x.w + s.pw - tap % s.kw;
    if (t < 0 || t % s.st != 0 || h < 0 || h % s.sh != 0 || w < 0 || w % s.sw != 0) return -1;
    if (t / s.st >= s.out_t() || h / s.sh >= s.out_h() || w / s.sw >= s.out_w()) return -1;
    return ((x.n * s.out_t() + t / s.st) * s.out_h() + h / s.sh) * s.out_w() + w / s.sw;
}

/// Element e of conv(x); weight(o, i, tap).
template <class W> double forward_at(const Sizes& s, const Elements& x, const W& weight, int64_t e) {
    const Pixel p = pixel(e / s.o, s.out_t(), s.out_h(), s.out_w());
    double sum = 0;
    for (int64_t tap = 0; tap < s.taps(); ++tap) {
        const int64_t q = under(s, p, tap);
        for (int64_t i = 0; q >= 0 && i < s.i; ++i) sum += x[q * s.i + i] * weight(e % s.o, i, tap);
    }
    return sum;
}

/// Element e of the gradient of x.
template <class W> double input_gradient_at(const Sizes& s, const Elements& dy, const W& weight, int64_t e) {
    const Pixel q = pixel(e / s.i, s.t, s.h, s.w);
    double sum = 0;
    for (int64_t tap = 0; tap < s.taps(); ++tap) {
        const int64_t p = over(s, q, tap);
        for (int64_t o = 0; p >= 0 && o < s.o; ++o) sum += dy[p * s.o + o] * weight(o, e % s.i, tap);
    }
    return sum;
}

/// Element e of the gradient of weight[o, i, tap].
double weight_gradient_at(const Sizes& s, const Elements& x, const Elements& dy, int64_t e) {
    const int64_t o = e / s.taps() / s.i, i = e / s.taps() % s.i;
    double sum = 0;
    int64_t out = 0;
    for (Pixel p{0, 0, 0, 0}; p.n < s.n; ++p.n)
        for (p.t = 0; p.t < s.out_t(); ++p.t)
            for (p.h = 0; p.h < s.out_h(); ++p.h)
                for (p.w = 0; p.w < s.out_w(); ++p.w, ++out) {
                    const int64_t q = under(s, p, e % s.taps());
                    if (q >= 0) sum += x[q * s.i + i] * dy[out * s.o + o];
                }
    return sum;
}

size_t at(int64_t i) { return static_cast<size_t>(i); }

/// Where weight[o, i, tap] lies when packed.
int64_t packed_at(const Sizes& s, kn_dtype dtype, int64_t o, int64_t i, int64_t tap) {
    const conv3d::Packing p = conv3d::packing(s.i, s.kw, dtype);
    return ((o * s.kt * s.kh + tap / s.kw) * p.width + tap % s.kw) * p.channels + i;
}

/// Reads weight[o, i, tap] where it is packed.
struct Packed {
    const Elements& weights;
    const Sizes& s;
    conv3d::Packing p;

    double operator()(int64_t o, int64_t i, int64_t tap) const {
        return weights[((o * s.kt * s.kh + tap / s.kw) * p.width + tap % s.kw) * p.channels + i];
    }
};

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
    c.element = [=](const std::vector<Elements>& in, size_t, int64_t e) {
        const double sum = forward_at(s, in[0], Packed{in[1], s, conv3d::packing(s.i, s.kw, dtype)}, e);
        return finished ? std::max(0.0, sum * in[2][e % s.o] + in[3][e % s.o] + in[4][e]) : sum;
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
    c.element = [=](const std::vector<Elements>& in, size_t, int64_t e) {
        return input_gradient_at(s, in[0], Packed{in[1], s, conv3d::packing(s.i, s.kw, dtype)}, e);
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
    c.element = [=](const std::vector<Elements>& in, size_t, int64_t e) { return weight_gradient_at(s, in[0], in[1], e); };
    lab.add(std::move(c));
}

/// All directions together, from weights that they pack: <conv(x), y> = <dgrad(y), x> = <wgrad(x, y), w>. At full size it shows what is wrong
/// in what all variants share, as packing is. Out: y, dx, dw.
void add_adjoint(Lab& lab, const Sizes& s, kn_dtype dtype) {
    Case c = make("adjoint", s, dtype, conv3d::VARIANTS);
    c.timed = false;
    c.inputs = {{dtype, s.pixels() * s.i}, {dtype, s.out_pixels() * s.o}, {KN_F32, s.o * s.i * s.taps()}};
    c.inputs[2].shape = [=](std::vector<double>& values) {  // what packing does not round
        std::vector<unsigned char> bytes(values.size() * at(size_of(dtype)));
        encode(values, dtype, bytes.data());
        values = decode(bytes.data(), dtype, static_cast<int64_t>(values.size()));
    };
    c.outputs = {{dtype, s.out_pixels() * s.o}, {dtype, s.pixels() * s.i}, {KN_F32, s.o * s.i * s.taps()}};
    const int64_t packed = ceil_div(kn_conv3d_packed_elements(s.o, s.i, s.kt, s.kh, s.kw, dtype) * size_of(dtype), 256) * 256;
    c.workspace = packed + std::max(
        kn_conv3d_forward_workspace(s.n, s.t, s.h, s.w, s.i, s.o, s.kt, s.kh, s.kw, s.st, s.sh, s.sw, s.pt, s.ph, s.pw, dtype),
        kn_conv3d_weight_gradient_workspace(s.n, s.t, s.h, s.w, s.i, s.o, s.kt, s.kh, s.kw, s.st, s.sh, s.sw, s.pt, s.ph, s.pw, dtype));
    c.reduction = std::max({s.i * s.taps(), s.o * s.taps(), s.out_pixels()});
    c.adjoint = {{0, 1}, {1, 0}, {2, 2}};
    c.prepare = [=](const Call& call) {
        return kn_conv3d_pack(call.workspace, call.in[2], s.o, s.i, s.kt, s.kh, s.kw, dtype, call.stream);
    };
    c.run = [=](int variant, const Call& call) {
        const kn_dptr weights = call.workspace, rest = call.workspace + static_cast<kn_dptr>(packed);
        kn_status status = conv3d::forward(variant, call.out[0], call.in[0], weights, 0, 0, 0, s, false, dtype, rest, call.stream);
        if (status == KN_OK) status = conv3d::weight_gradient(variant, call.out[2], call.in[0], call.in[1], s, dtype, rest, call.stream);
        if (status != KN_OK) return status;
        status = conv3d::input_gradient(variant, call.out[1], call.in[1], weights, s, dtype, call.stream);
        // of the stem's three channels, whose gradient nobody asks for
        return status == KN_UNSUPPORTED ? conv3d::input_gradient(1, call.out[1], call.in[1], weights, s, dtype, call.stream) : status;
    };
    c.element = [=](const std::vector<Elements>& in, size_t output, int64_t e) {
        const auto weight = [&](int64_t o, int64_t i, int64_t tap) { return in[2][(o * s.i + i) * s.taps() + tap]; };
        return output == 0 ? forward_at(s, in[0], weight, e) : output == 1 ? input_gradient_at(s, in[1], weight, e)
                                                                           : weight_gradient_at(s, in[0], in[1], e);
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
/// At full size; of the stem nobody asks for the gradient of x.
void add_timed(Lab& lab, const Sizes& s, kn_dtype dtype) {
    add_forward(lab, s, false, dtype);
    add_forward(lab, s, true, dtype);
    if (s.i > 3) add_input_gradient(lab, s, dtype);
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
        for (const Sizes& s : {Sizes{2, 3, 5, 7, 16, 8, 1, 3, 3, 1, 2, 2, 0, 1, 1}, Sizes{1, 5, 9, 12, 3, 16, 5, 7, 7, 2, 2, 2, 2, 3, 3},
                               Sizes{1, 3, 6, 5, 5, 7, 2, 3, 2, 1, 2, 3, 1, 0, 1}, Sizes{1, 2, 5, 8, 40, 72, 1, 1, 1, 1, 1, 1, 0, 0, 0}}) {
            add_adjoint(lab, s, dtype);
        }
    }
    // every distinct convolution of Slow-D at 8 and 32 clips of 16 x 224 x 224; in fp32, which trains less often, at 8
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
                add_timed(l, s, KN_BF16);
            }
            s.n = 8;
            add_timed(l, s, KN_F32);
            for (kn_dtype dtype : {KN_F32, KN_BF16}) add_adjoint(l, s, dtype);
        }
    });
}
}  // namespace kn::lab
