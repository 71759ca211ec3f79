// How kernels go over memory: the loop of a grid over items, and packs of elements that are converted on the way.
#pragma once
#include "kernel.h"

namespace kn {
/// for (int64_t i = first_item(); i < n; i += grid_stride()) takes every item once.
__device__ inline int64_t first_item() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64_t grid_stride() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

/// Elements of a pack: all W, or as many as an access of 16 bytes has.
template <class T, int W> constexpr int ACCESS = W < WIDE<T> ? W : WIDE<T>;

/// W consecutive elements as floats. The address is a multiple of ACCESS elements.
template <int W, class T> __device__ inline void load(float (&values)[W], const T* from) {
    using Piece = Pack<T, ACCESS<T, W>>;
#pragma unroll
    for (int p = 0; p < W / ACCESS<T, W>; ++p) {
        const Piece piece = reinterpret_cast<const Piece*>(from)[p];
#pragma unroll
        for (int j = 0; j < ACCESS<T, W>; ++j) values[p * ACCESS<T, W> + j] = to_float(piece.at[j]);
    }
}

template <int W, class T> __device__ inline void store(T* to, const float (&values)[W]) {
    using Piece = Pack<T, ACCESS<T, W>>;
#pragma unroll
    for (int p = 0; p < W / ACCESS<T, W>; ++p) {
        Piece piece;
#pragma unroll
        for (int j = 0; j < ACCESS<T, W>; ++j) piece.at[j] = from_float<T>(values[p * ACCESS<T, W> + j]);
        reinterpret_cast<Piece*>(to)[p] = piece;
    }
}
}  // namespace kn
