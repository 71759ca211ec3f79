// x as an operand of an implicit product (im2col that is never stored), for fprop and wgrad; channels and rows of weights are whole 16-byte
// chunks.
#pragma once
#include "../../runtime/divisor.h"
#include "../matmul/epilogue.h"
#include "../matmul/tile.h"
#include "conv3d.h"

namespace kn::conv3d {
constexpr int OUTSIDE = 1 << 29;  // a coordinate that no tap brings back

/// A row for each pixel of y, a column for each (kt, kh, kw, channel). Along k in fprop, across it in wgrad.
template <class T, bool ALONG_K> struct Patches {
    static constexpr bool K_CONTIGUOUS = ALONG_K;
    const T* x;
    Sizes s;
    int pixels, columns;
    Divisor out_t, out_h, out_w, kh, kw, channels;
    struct Place {
        int64_t offset;
        int t, h, w;
    };

    Patches(const T* x_, const Sizes& s_)
        : x(x_), s(s_), pixels(static_cast<int>(s.out_pixels())), columns(static_cast<int>(s.taps() * s.i)), out_t(s.out_t()),
          out_h(s.out_h()), out_w(s.out_w()), kh(s.kh), kw(s.kw), channels(s.i) {}

    __device__ Place pixel(int index, int end) const {
        int t, h, w;
        const int n = out_t.of(out_h.of(out_w.of(index, &w), &h), &t);
        const int x_t = index < end ? t * static_cast<int>(s.st) - static_cast<int>(s.pt) : -OUTSIDE;
        const int x_h = h * static_cast<int>(s.sh) - static_cast<int>(s.ph), x_w = w * static_cast<int>(s.sw) - static_cast<int>(s.pw);
        return {(((n * s.t + x_t) * s.h + x_h) * s.w + x_w) * s.i, x_t, x_h, x_w};
    }
    __device__ Place tap(int index, int end) const {
        int h, w, c;
        const int depth = kh.of(kw.of(channels.of(index, &c), &w), &h), t = index < end ? depth : -OUTSIDE;
        return {((t * s.h + h) * s.w + w) * s.i + c, t, h, w};
    }
    __device__ Place fixed(int index) const { return ALONG_K ? pixel(index, pixels) : tap(index, columns); }
    __device__ Place moving(int k, int end) const { return ALONG_K ? tap(k, end) : pixel(k, end); }
    __device__ tile::Piece<T> at(const Place& f, const Place& m) const {
        const bool inside = static_cast<unsigned>(f.t + m.t) < static_cast<unsigned>(s.t)
            && static_cast<unsigned>(f.h + m.h) < static_cast<unsigned>(s.h)
            && static_cast<unsigned>(f.w + m.w) < static_cast<unsigned>(s.w);
        return {x + (f.offset + m.offset), inside ? WIDE<T> : 0};
    }
};

struct RowEpilogue {
    matmul::Epilogue e;
    int rows;
    __device__ void operator()(int row, int column, const float* sums) const {
        if (row < rows) e.store_any<tile::FINISHED>(row, column, sums);
    }
};

// neighbouring blocks share patches, which stay in L2
template <class T, int SIZE>
__global__ void __launch_bounds__(tile::threads_of<T>(SIZE), 1)
    forward_tiled(Patches<T, true> patches, const T* packed, matmul::Epilogue e, int tiles_across) {
    using Core = typename tile::Cores<T, SIZE, true, true>::Core;
    const int down = static_cast<int>(blockIdx.x) / tiles_across, across = static_cast<int>(blockIdx.x) % tiles_across;
    const tile::Matrix<T, true> weights{packed, e.columns, patches.columns};
    tile::multiply<Core, true>(patches, weights, RowEpilogue{e, patches.pixels}, down * Core::M, across * Core::N, 0, patches.columns);
}

/// The sums of a part of the pixels, [o, columns] floats for each part.
struct PartEpilogue {
    float* parts;
    int rows, columns;
    __device__ void operator()(int row, int column, const float* sums) const {
        if (row >= rows) return;
        for (int e = 0; e < tile::FINISHED && column + e < columns; ++e) {
            parts[static_cast<int64_t>(row) * columns + column + e] = sums[e];
        }
    }
};

template <class T, int SIZE>
__global__ void __launch_bounds__(tile::threads_of<T>(SIZE), 1)
    weight_gradient_tiled(float* parts, Patches<T, false> patches, const T* dy, int part, int tiles_across) {
    using Core = typename tile::Cores<T, SIZE, false, false>::Core;
    const int down = static_cast<int>(blockIdx.x) / tiles_across, across = static_cast<int>(blockIdx.x) % tiles_across;
    const int channels = static_cast<int>(patches.s.o), begin = static_cast<int>(blockIdx.y) * part;
    const tile::Matrix<T, false> gradients{dy, channels, patches.pixels};
    const int end = patches.pixels - begin < part ? patches.pixels : begin + part;
    float* to = parts + static_cast<int64_t>(blockIdx.y) * channels * patches.columns;
    const PartEpilogue finish{to, channels, patches.columns};
    tile::multiply<Core, true>(gradients, patches, finish, down * Core::M, across * Core::N, begin, end);
}
}  // namespace kn::conv3d
