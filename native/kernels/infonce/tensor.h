// What the kernels on tensor cores share: a block has 128 rows, 16 for each of its warps, and a part of the queue, of which tiles come to
// shared memory one ahead; scores live in registers only. What the parts give is combined in their order.
#pragma once
#include "../../runtime/fragments.h"
#include "running.h"

namespace kn::infonce {
constexpr int ROWS = 128, BLOCK = ROWS / 16 * WARP_SIZE;
/// Of a tile. What is pulled takes half of a thread's registers where rows are of 256, so that there is room for fewer scores.
template <int DEPTH> constexpr int KEYS = DEPTH <= 128 ? 64 : 32;

/// A thread's place in the block: four lanes have rows first + g and first + g + 8 of the warp's 16.
struct Place {
    int first = static_cast<int>(blockIdx.x) * ROWS;  // of the block
    int warp = static_cast<int>(threadIdx.x) / WARP_SIZE;
    int g = static_cast<int>(threadIdx.x) % WARP_SIZE / 4, t = static_cast<int>(threadIdx.x) % 4;

    __device__ int row(int half) const { return first + warp * 16 + g + half * 8; }
    __device__ int column(int j, int e) const { return j * 8 + t * 2 + e % 2; }
    /// Whether any of the warp's rows takes part.
    __device__ bool any(int n) const { return first + warp * 16 < n; }
};

/// A thread's two rows and what it has summed up of their scores.
template <bool UNIT> struct PairOfRows : Place {
    Running<UNIT> mine[2];
    float positive[2];
    int owners[2];

    __device__ PairOfRows(const Queue<bf16>& c, const float* positives, int n, float bound) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const bool there = row(half) < n;
            mine[half].start(bound);
            positive[half] = there ? positives[row(half)] * LOG2_E : 0.f;
            owners[half] = there ? c.owner(row(half)) : -1;
        }
    }

    /// Turns the scores of a tile into exponentials, times 2^-top, and adds them; what was summed up with them before is to shrink.
    template <int NI> __device__ void add(float (&scores)[NI][4], float (&shrink)[2]) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            if (!UNIT) {
                float higher = mine[half].part.top;
#pragma unroll
                for (int j = 0; j < NI; ++j) higher = fmaxf(higher, fmaxf(scores[j][half * 2], scores[j][half * 2 + 1]));
                shrink[half] = mine[half].raise(quad_max(higher));  // of the row, as all its columns shrink alike
            }
#pragma unroll
            for (int j = 0; j < NI; ++j) {
#pragma unroll
                for (int e = half * 2; e < half * 2 + 2; ++e) scores[j][e] = mine[half].add(scores[j][e], positive[half]);
            }
        }
    }

    /// Of all four lanes of a row, which are to call it together.
    __device__ Part sum(int half) const {
        const Part& p = mine[half].part;
        const int above = p.above + __shfl_xor_sync(ALL_LANES, p.above, 1);
        return {p.top, quad_sum(p.sum), above + __shfl_xor_sync(ALL_LANES, above, 2)};
    }
};

/// sums[N][4] of a thread's rows, each times its factor.
template <int N> __device__ void scale(float (&sums)[N][4], const float (&by)[2]) {
#pragma unroll
    for (int j = 0; j < N; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) sums[j][e] *= by[e / 2];
    }
}

/// scores = q queue_tile^T over the temperature, to the base 2; minus infinity where there is no key or it is the row's own.
template <int DEPTH, bool UNIT, int NI>
__device__ void score(float (&scores)[NI][4], const Queue<bf16>& c, bf16* q, bf16* keys, int tile, const PairOfRows<UNIT>& rows) {
    clear(scores);
#pragma unroll 8
    for (int s = 0; s < DEPTH / 16; ++s) {
        uint32_t left[4];
        load_left<DEPTH>(left, q, rows.warp * 16, s);
        multiply_rows<DEPTH>(scores, left, keys, s);
    }
    const int64_t first = static_cast<int64_t>(tile) * KEYS<DEPTH>;
    const bool whole = first + KEYS<DEPTH> <= c.capacity && c.owners == nullptr;
#pragma unroll
    for (int j = 0; j < NI; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
            const int64_t key = first + rows.column(j, e);
            const bool counts = whole || (key < c.capacity && !c.is_own(rows.owners[e / 2], key));
            scores[j][e] = counts ? scores[j][e] * (c.inverse * LOG2_E) : -INFINITY;
        }
    }
    __syncwarp();  // keys of a row's own film may have parted the lanes, and ldmatrix and mma are of whole warps
}

/// Goes over the tiles of this block's part: each(tile's number, tile in shared memory). The block's rows of q are brought to `q` before.
template <int DEPTH, class Each> __device__ void for_tiles(const Queue<bf16>& c, bf16* q, int first_row, int each_part, const Each& each) {
    bf16* const stages = q + ROWS * DEPTH;
    const int tiles = (c.capacity + KEYS<DEPTH> - 1) / KEYS<DEPTH>, begin = static_cast<int>(blockIdx.y) * each_part;
    const int end = min(tiles, begin + each_part);
    const auto bring = [&](int tile) {
        bring_tile<KEYS<DEPTH>, DEPTH, BLOCK>(stages + (tile - begin) % 2 * KEYS<DEPTH> * DEPTH, c.queue, c.width, tile * KEYS<DEPTH>,
                                              c.capacity, c.width);
    };
    bring_tile<ROWS, DEPTH, BLOCK>(q, c.q, c.width, first_row, c.rows, c.width);
    bring(begin);
    copy_async_commit();
    for (int tile = begin; tile < end; ++tile) {
        copy_async_wait<0>();
        __syncthreads();  // the tile is there, and all are done with the one before
        if (tile + 1 < end) bring(tile + 1);
        copy_async_commit();
        each(tile, stages + (tile - begin) % 2 * KEYS<DEPTH> * DEPTH);
    }
}

/// Of a block, in bytes: 64 or 96 KB.
template <int DEPTH> constexpr size_t SHARED = (ROWS + 2 * KEYS<DEPTH>) * DEPTH * sizeof(bf16);
static_assert(SHARED<256> <= 99 * 1024, "what every device of 8.0 and later has");
}  // namespace kn::infonce
