// The operands of a convolution as an implicit product (im2col that is never stored); x and weights with channels of whole 16-byte chunks.
#pragma once
#include "../matmul/epilogue.h"
#include "../matmul/tile.h"
#include "conv3d.h"

namespace kn::conv3d {
constexpr int OUTSIDE = 1 << 29;  // a coordinate that no tap brings back

/// x as a matrix of patches: a row for each pixel of y, a column for each (kt, kh, kw, channel). Along k in fprop, across it in wgrad.
template <class T, bool ALONG_K> struct Patches {
    static constexpr bool K_CONTIGUOUS = ALONG_K;
    const T* x;
    Sizes s;
    int pixels, columns;
    int out_t, out_h, out_w;
    struct Place {
        int64_t offset;
        int t, h, w;
    };
    __device__ Place pixel(int index, int end) const {
        const int w = index % out_w, row = index / out_w, h = row % out_h, plane = row / out_h, t = plane % out_t, n = plane / out_t;
        const int x_t = index < end ? t * static_cast<int>(s.st) - static_cast<int>(s.pt) : -OUTSIDE;
        const int x_h = h * static_cast<int>(s.sh) - static_cast<int>(s.ph), x_w = w * static_cast<int>(s.sw) - static_cast<int>(s.pw);
        return {(((n * s.t + x_t) * s.h + x_h) * s.w + x_w) * s.i, x_t, x_h, x_w};
    }
    __device__ Place tap(int index, int end) const {
        const int channels = static_cast<int>(s.i), c = index % channels, tap = index / channels;
        const int w = tap % static_cast<int>(s.kw), row = tap / static_cast<int>(s.kw);
        const int h = row % static_cast<int>(s.kh), t = index < end ? row / static_cast<int>(s.kh) : -OUTSIDE;
        return {((t * s.h + h) * s.w + w) * s.i + c, t, h, w};
    }
    __device__ Place fixed(int index) const { return ALONG_K ? pixel(index, pixels) : tap(index, columns); }
    __device__ Place moving(int k, int end) const { return ALONG_K ? tap(k, end) : pixel(k, end); }
    __device__ tile::Piece<T> at(const Place& f, const Place& m) const {
        const bool inside = static_cast<unsigned>(f.t + m.t) < static_cast<unsigned>(s.t)
            && static_cast<unsigned>(f.h + m.h) < static_cast<unsigned>(s.h) && static_cast<unsigned>(f.w + m.w) < static_cast<unsigned>(s.w);
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
    tile::multiply<Core, true>(gradients, patches, PartEpilogue{to, channels, patches.columns}, down * Core::M, across * Core::N, begin, end);
}

// in the order of the parts, so that the bits are the same in each run
inline __global__ void add_parts(float* dw, const float* parts, int64_t count, int64_t channels, int64_t taps, int64_t elements) {
    for (int64_t e = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; e < elements;
         e += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        float sum = 0.f;
        for (int64_t p = 0; p < count; ++p) sum += parts[p * elements + e];
        const int64_t c = e % channels, tap = e / channels % taps, o = e / (channels * taps);
        dw[(o * channels + c) * taps + tap] = sum;
    }
}
}  // namespace kn::conv3d
