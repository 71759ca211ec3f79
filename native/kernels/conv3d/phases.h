// dgrad as an implicit product. Along each axis a pixel of x and a tap meet in y where (pixel + padding - tap) is a multiple of the
// stride, so pixels fall into as many phases as the stride is long, each with taps of its own: a phase of all three axes is a dense
// product. Those with no taps write zeros.
#pragma once
#include "patches.h"

namespace kn::conv3d {
/// The pixels first + stride j of one axis and the taps rest + stride a that meet them, in the pixel j + base - a of y.
struct Phase {
    int first, count, base, rest, taps;

    __host__ __device__ static Phase of(int size, int kernel, int stride, int padding, int rest) {
        const int first = ((rest - padding) % stride + stride) % stride;
        return {first, first < size ? (size - first + stride - 1) / stride : 0, (first + padding - rest) / stride, rest,
                rest < kernel ? (kernel - rest + stride - 1) / stride : 0};
    }
};

/// The phase of each axis that a number below the product of the strides stands for.
struct Phases {
    Phase t, h, w;

    __host__ __device__ static Phases of(const Sizes& s, int number) {
        const int sh = static_cast<int>(s.sh), sw = static_cast<int>(s.sw);
        const auto of = [](int64_t size, int64_t kernel, int stride, int64_t padding, int rest) {
            return Phase::of(static_cast<int>(size), static_cast<int>(kernel), stride, static_cast<int>(padding), rest);
        };
        return {of(s.t, s.kt, static_cast<int>(s.st), s.pt, number / (sh * sw)), of(s.h, s.kh, sh, s.ph, number / sw % sh),
                of(s.w, s.kw, sw, s.pw, number % sw)};
    }
    __host__ __device__ int taps() const { return t.taps * h.taps * w.taps; }
    __host__ __device__ int pixels() const { return t.count * h.count * w.count; }
};

/// n / d for n below 2^21 and any d: half a step away from the next quotient, which the roundings of a float do not reach.
__device__ inline int divide(int n, float reciprocal) { return static_cast<int>((static_cast<float>(n) + 0.5f) * reciprocal); }

/// A tap of a phase as its count along each axis.
struct Tap {
    int t, h, w;
};
struct TapOrder {
    int h, w;
    float by_h, by_w;
    __device__ explicit TapOrder(const Phases& p)
        : h(p.h.taps), w(p.w.taps), by_h(1.f / static_cast<float>(p.h.taps)), by_w(1.f / static_cast<float>(p.w.taps)) {}
    __device__ Tap at(int index) const {
        const int row = divide(index, by_w), plane = divide(row, by_h);
        return {plane, row - plane * h, index - row * w};
    }
};

/// dy: a row for each pixel of x of a phase, a column for each (tap of the phase, o).
template <class T> struct Arrivals {
    static constexpr bool K_CONTIGUOUS = true;
    const T* dy;
    Phases p;
    TapOrder order;
    Divisor channels;
    int rows, out_t, out_h, out_w, o;
    struct Place {
        int64_t offset;
        int t, h, w;
    };
    __device__ Place fixed(int index) const {
        const int j_w = index % p.w.count, row = index / p.w.count, j_h = row % p.h.count, plane = row / p.h.count;
        const int t = index < rows ? plane % p.t.count + p.t.base : -OUTSIDE, h = j_h + p.h.base, w = j_w + p.w.base;
        return {(((static_cast<int64_t>(plane / p.t.count) * out_t + t) * out_h + h) * out_w + w) * o, t, h, w};
    }
    __device__ Place moving(int k, int end) const {
        int c;
        const Tap tap = order.at(channels.of(k, &c));
        const int t = k < end ? tap.t : OUTSIDE;
        return {c - ((static_cast<int64_t>(t) * out_h + tap.h) * out_w + tap.w) * o, -t, -tap.h, -tap.w};
    }
    __device__ tile::Piece<T> at(const Place& f, const Place& m) const {
        const bool inside = static_cast<unsigned>(f.t + m.t) < static_cast<unsigned>(out_t)
            && static_cast<unsigned>(f.h + m.h) < static_cast<unsigned>(out_h)
            && static_cast<unsigned>(f.w + m.w) < static_cast<unsigned>(out_w);
        return {dy + (f.offset + m.offset), inside ? WIDE<T> : 0};
    }
};

/// Packed weights: a row for each (tap of the phase, o), a column for each channel of x.
template <class T> struct PhaseWeights {
    static constexpr bool K_CONTIGUOUS = false;
    const T* packed;
    Phases p;
    TapOrder order;
    Divisor channels;
    int st, sh, sw, kh, width, across;  // of the strides and of the packing
    int64_t filter;                     // elements of one output channel
    struct Place {
        int64_t offset;
        int count;
    };
    __device__ Place fixed(int index) const { return {index, index < across ? WIDE<T> : 0}; }
    __device__ Place moving(int k, int end) const {
        int c;
        const Tap tap = order.at(channels.of(k, &c));
        const int t = p.t.rest + st * tap.t, h = p.h.rest + sh * tap.h, w = p.w.rest + sw * tap.w;
        return {c * filter + static_cast<int64_t>((t * kh + h) * width + w) * across, k < end ? WIDE<T> : 0};
    }
    __device__ tile::Piece<T> at(const Place& f, const Place& m) const {
        return {packed + (f.offset + m.offset), f.count < m.count ? f.count : m.count};
    }
};

/// Puts the rows of a phase where its pixels lie in dx.
struct PhaseEpilogue {
    matmul::Epilogue e;
    Sizes s;
    Phases p;
    int rows;
    bool dense;  // one phase: rows are pixels
    __device__ void operator()(int row, int column, const float* sums) const {
        if (row >= rows) return;
        if (dense) {
            e.store_any<tile::FINISHED>(row, column, sums);
            return;
        }
        const int j_w = row % p.w.count, line = row / p.w.count, j_h = line % p.h.count, plane = line / p.h.count;
        const int64_t n = plane / p.t.count, t = p.t.first + s.st * (plane % p.t.count);
        const int64_t pixel = ((n * s.t + t) * s.h + p.h.first + s.sh * j_h) * s.w + p.w.first + s.sw * j_w;
        e.store_any<tile::FINISHED>(pixel, column, sums);
    }
};

template <class T, int SIZE>
__global__ void __launch_bounds__(tile::threads_of<T>(SIZE), 1)
    input_gradient_tiled(const T* dy, const T* packed, matmul::Epilogue e, Sizes s, Packing packing, Divisor channels, int tiles_across) {
    using Core = typename tile::Cores<T, SIZE, true, false>::Core;
    const int down = static_cast<int>(blockIdx.x) / tiles_across, across = static_cast<int>(blockIdx.x) % tiles_across;
    const Phases p = Phases::of(s, static_cast<int>(blockIdx.y));
    const int rows = static_cast<int>(s.n) * p.pixels(), o = static_cast<int>(s.o);
    const int out_t = static_cast<int>(s.out_t()), out_h = static_cast<int>(s.out_h()), out_w = static_cast<int>(s.out_w());
    if (down * Core::M >= rows) return;  // the grid is as wide as the largest phase
    const TapOrder order(p);
    const Arrivals<T> arrivals{dy, p, order, channels, rows, out_t, out_h, out_w, o};
    const PhaseWeights<T> weights{packed,
                                  p,
                                  order,
                                  channels,
                                  static_cast<int>(s.st),
                                  static_cast<int>(s.sh),
                                  static_cast<int>(s.sw),
                                  static_cast<int>(s.kh),
                                  packing.width,
                                  packing.channels,
                                  s.kt * s.kh * packing.width * packing.channels};
    const bool dense = s.st == 1 && s.sh == 1 && s.sw == 1;
    tile::multiply<Core, true>(arrivals, weights, PhaseEpilogue{e, s, p, rows, dense}, down * Core::M, across * Core::N, 0, p.taps() * o);
}
}  // namespace kn::conv3d
