// The plain kernels: a thread an element of the result, in the order of memory.
#pragma once
#include "../../runtime/access.h"
#include "../matmul/epilogue.h"
#include "conv3d.h"

namespace kn::conv3d {
struct Pixel {
    int64_t n, t, h, w;
};
__device__ inline Pixel pixel_of(int64_t index, int64_t t, int64_t h, int64_t w) {
    return {index / (t * h * w), index / (h * w) % t, index / w % h, index % w};
}
__device__ inline bool inside(int64_t at, int64_t extent) { return at >= 0 && at < extent; }

template <class T> __global__ void pack_v1(T* packed, const float* weight, Sizes s, Packing p, int64_t elements) {
    for (int64_t e = first_item(); e < elements; e += grid_stride()) {
        const int64_t i = e % p.channels, kw = e / p.channels % p.width, row = e / (p.channels * p.width);  // row: (o, kt, kh)
        const int64_t depth = s.kt * s.kh;
        const bool filled = i >= s.i || kw >= s.kw;
        packed[e] = from_float<T>(filled ? 0.f : weight[((row / depth * s.i + i) * depth + row % depth) * s.kw + kw]);
    }
}

/// x with each row padded on the left by pw, and its channels filled up, so that windows begin at whole chunks; four elements a thread.
template <class T> __global__ void fill_v1(T* filled, const T* x, Sizes s, Sizes to, int64_t fours) {
    for (int64_t f = first_item(); f < fours; f += grid_stride()) {
        const int64_t c = f * 4 % to.i, pixel = f * 4 / to.i, w = pixel % to.w - s.pw;
        const T* from = x + (pixel / to.w * s.w + w) * s.i + c;
        Pack<T, 4> out;
#pragma unroll
        for (int e = 0; e < 4; ++e) out.at[e] = inside(w, s.w) && c + e < s.i ? from[e] : from_float<T>(0.f);
        *reinterpret_cast<Pack<T, 4>*>(filled + f * 4) = out;
    }
}

template <class T> __global__ void forward_v1(const T* x, const T* packed, matmul::Epilogue e, Sizes s, Packing p, int64_t elements) {
    const int64_t out_t = s.out_t(), out_h = s.out_h(), out_w = s.out_w();
    for (int64_t at = first_item(); at < elements; at += grid_stride()) {
        const int64_t o = at % s.o;
        const Pixel out = pixel_of(at / s.o, out_t, out_h, out_w);
        float sum = 0.f;
        for (int64_t tap = 0; tap < s.taps(); ++tap) {
            const int64_t kt = tap / (s.kh * s.kw), kh = tap / s.kw % s.kh, kw = tap % s.kw;
            const int64_t t = out.t * s.st - s.pt + kt, h = out.h * s.sh - s.ph + kh, w = out.w * s.sw - s.pw + kw;
            if (!inside(t, s.t) || !inside(h, s.h) || !inside(w, s.w)) continue;
            const T* from = x + (((out.n * s.t + t) * s.h + h) * s.w + w) * s.i;
            const T* weight = packed + (((o * s.kt + kt) * s.kh + kh) * p.width + kw) * p.channels;
            for (int64_t i = 0; i < s.i; ++i) sum += to_float(from[i]) * to_float(weight[i]);
        }
        e.store_any<1>(at / s.o, static_cast<int>(o), &sum);
    }
}

template <class T> __global__ void input_gradient_v1(T* dx, const T* dy, const T* packed, Sizes s, Packing p, int64_t elements) {
    const int64_t out_t = s.out_t(), out_h = s.out_h(), out_w = s.out_w();
    for (int64_t at = first_item(); at < elements; at += grid_stride()) {
        const int64_t i = at % s.i;
        const Pixel in = pixel_of(at / s.i, s.t, s.h, s.w);
        float sum = 0.f;
        for (int64_t tap = 0; tap < s.taps(); ++tap) {
            const int64_t kt = tap / (s.kh * s.kw), kh = tap / s.kw % s.kh, kw = tap % s.kw;
            // the outputs this tap carried the pixel to: those whose stride meets it
            const int64_t t = in.t + s.pt - kt, h = in.h + s.ph - kh, w = in.w + s.pw - kw;
            if (t % s.st != 0 || h % s.sh != 0 || w % s.sw != 0) continue;
            if (!inside(t, out_t * s.st) || !inside(h, out_h * s.sh) || !inside(w, out_w * s.sw)) continue;
            const T* from = dy + (((in.n * out_t + t / s.st) * out_h + h / s.sh) * out_w + w / s.sw) * s.o;
            const T* weight = packed + ((kt * s.kh + kh) * p.width + kw) * p.channels + i;
            const int64_t step = s.kt * s.kh * p.width * p.channels;
            for (int64_t o = 0; o < s.o; ++o) sum += to_float(from[o]) * to_float(weight[o * step]);
        }
        dx[at] = from_float<T>(sum);
    }
}

template <class T> __global__ void weight_gradient_v1(float* dw, const T* x, const T* dy, Sizes s, int64_t elements) {
    const int64_t out_t = s.out_t(), out_h = s.out_h(), out_w = s.out_w(), pixels = s.out_pixels();
    for (int64_t at = first_item(); at < elements; at += grid_stride()) {
        const int64_t tap = at % s.taps(), i = at / s.taps() % s.i, o = at / (s.taps() * s.i);
        const int64_t kt = tap / (s.kh * s.kw), kh = tap / s.kw % s.kh, kw = tap % s.kw;
        float sum = 0.f;
        for (int64_t p = 0; p < pixels; ++p) {
            const Pixel out = pixel_of(p, out_t, out_h, out_w);
            const int64_t t = out.t * s.st - s.pt + kt, h = out.h * s.sh - s.ph + kh, w = out.w * s.sw - s.pw + kw;
            if (!inside(t, s.t) || !inside(h, s.h) || !inside(w, s.w)) continue;
            sum += to_float(x[(((out.n * s.t + t) * s.h + h) * s.w + w) * s.i + i]) * to_float(dy[p * s.o + o]);
        }
        dw[at] = sum;
    }
}

/// dw from sums of parts that are laid out as packed weights; in the order of the parts, so that the bits are the same in each run.
static __global__ void add_parts(float* dw, const float* parts, int64_t count, Sizes s, Packing p, int64_t elements) {
    for (int64_t e = first_item(); e < elements; e += grid_stride()) {
        const int64_t i = e % p.channels, kw = e / p.channels % p.width, row = e / (p.channels * p.width);  // row: (o, kt, kh)
        if (i >= s.i || kw >= s.kw) continue;
        float sum = 0.f;
        for (int64_t part = 0; part < count; ++part) sum += parts[part * elements + e];
        const int64_t depth = s.kt * s.kh;
        dw[((row / depth * s.i + i) * depth + row % depth) * s.kw + kw] = sum;
    }
}
}  // namespace kn::conv3d
