// Tiles in shared memory, and products of those of bf16 by mma.sync, a warp having 16 rows of the result (fragments: see ptx.h). A tile has
// DEPTH elements a row, whole 128 bytes; the 16-byte chunks of a row lie in an order that puts the same chunk of eight neighbouring rows
// into different banks.
#pragma once
#include "kernel.h"
#include "ptx.h"

namespace kn {
template <int DEPTH, class T> __device__ T* tile_chunk(T* tile, int row, int chunk) {
    return tile + row * DEPTH + (chunk ^ (row & 7)) * WIDE<T>;
}

/// Starts to bring ROWS rows from row `first` on, `width` elements apart, of which those below `end` are there; columns beyond depth become
/// 0, as do rows that are not there. Rows are of whole 16 bytes, as are addresses.
template <int ROWS, int DEPTH, int THREADS, class T>
__device__ void bring_tile(T* tile, const T* from, int64_t width, int first, int end, int depth) {
    constexpr int CHUNKS = DEPTH / WIDE<T>;
#pragma unroll
    for (int i = static_cast<int>(threadIdx.x); i < ROWS * CHUNKS; i += THREADS) {
        const int row = i / CHUNKS, chunk = i % CHUNKS;
        const bool there = first + row < end && chunk * WIDE<T> < depth;
        // an address inside of the tensor where nothing is read
        copy_async_16(tile_chunk<DEPTH>(tile, row, chunk), there ? from + (first + row) * width + chunk * WIDE<T> : from, there);
    }
}

/// The rows from m on, columns step * 16 on, as the left operand.
template <int DEPTH> __device__ void load_left(uint32_t (&left)[4], bf16* tile, int m, int step) {
    const int lane = static_cast<int>(threadIdx.x) % WARP_SIZE;
    ldmatrix_x4(left, tile_chunk<DEPTH>(tile, m + (lane >> 3 & 1) * 8 + (lane & 7), step * 2 + (lane >> 4)));
}

/// sums[NI][4] += left tile^T, of N = 8 NI rows of the right tile, for one step of 16 columns.
template <int DEPTH, int NI> __device__ void multiply_rows(float (&sums)[NI][4], const uint32_t (&left)[4], bf16* right, int step) {
    static_assert(NI % 2 == 0, "fragments are loaded in pairs");
    const int lane = static_cast<int>(threadIdx.x) % WARP_SIZE;
#pragma unroll
    for (int j = 0; j < NI / 2; ++j) {
        uint32_t pairs[4];
        ldmatrix_x4(pairs, tile_chunk<DEPTH>(right, j * 16 + (lane >> 4) * 8 + (lane & 7), step * 2 + (lane >> 3 & 1)));
        const uint32_t first[2] = {pairs[0], pairs[1]}, second[2] = {pairs[2], pairs[3]};
        mma_bf16(sums[2 * j], left, first);
        mma_bf16(sums[2 * j + 1], left, second);
    }
}

/// sums[NI][4] += left times the rows step * 16 to step * 16 + 15 of the right tile, columns 8 NI.
template <int DEPTH, int NI> __device__ void multiply_columns(float (&sums)[NI][4], const uint32_t (&left)[4], bf16* right, int step) {
    static_assert(NI % 2 == 0, "fragments are loaded in pairs");
    const int lane = static_cast<int>(threadIdx.x) % WARP_SIZE;
#pragma unroll
    for (int j = 0; j < NI / 2; ++j) {
        uint32_t pairs[4];
        ldmatrix_x4_transposed(pairs, tile_chunk<DEPTH>(right, step * 16 + (lane >> 3 & 1) * 8 + (lane & 7), j * 2 + (lane >> 4)));
        const uint32_t first[2] = {pairs[0], pairs[1]}, second[2] = {pairs[2], pairs[3]};
        mma_bf16(sums[2 * j], left, first);
        mma_bf16(sums[2 * j + 1], left, second);
    }
}

/// Columns step * 16 on of what has been summed, rounded to bf16, as the left operand of the next product.
template <int NI> __device__ void as_left(uint32_t (&left)[4], const float (&sums)[NI][4], int step) {
    left[0] = pack_bf16(sums[2 * step][0], sums[2 * step][1]);
    left[1] = pack_bf16(sums[2 * step][2], sums[2 * step][3]);
    left[2] = pack_bf16(sums[2 * step + 1][0], sums[2 * step + 1][1]);
    left[3] = pack_bf16(sums[2 * step + 1][2], sums[2 * step + 1][3]);
}

template <int NI> __device__ void clear(float (&sums)[NI][4]) {
#pragma unroll
    for (int j = 0; j < NI; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[j][e] = 0.f;
    }
}

/// Over the four lanes that have a row of a fragment.
__device__ inline float quad_sum(float v) {
    v += __shfl_xor_sync(ALL_LANES, v, 1);
    return v + __shfl_xor_sync(ALL_LANES, v, 2);
}
__device__ inline float quad_max(float v) {
    v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, 1));
    return fmaxf(v, __shfl_xor_sync(ALL_LANES, v, 2));
}
}  // namespace kn
