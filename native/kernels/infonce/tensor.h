// What the kernels on tensor cores share: a block has 128 rows, 16 for each of its warps, and a part of the queue, of which tiles come to
// shared memory one ahead; scores live in registers only. What the parts give is combined in their order.
#pragma once
#include "../../runtime/fragments.h"
#include "queue.h"

namespace kn::infonce {
constexpr int ROWS = 128, KEYS = 64, BLOCK = ROWS / 16 * WARP_SIZE, NI = KEYS / 8;
constexpr float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;
constexpr double HIGHEST_SHIFT = 40;  // exp(-2 * 40) is a float yet

/// How the queue is split so that there are about as many blocks as asked for; of the shapes alone, as are the bits of the results.
struct Split {
    int64_t tiles, each, parts;  // tiles of keys, tiles of a part

    Split(int64_t rows, int64_t capacity, int64_t blocks) : tiles(ceil_div(capacity, KEYS)) {
        const int64_t wanted = blocks / ceil_div(rows, ROWS);
        each = ceil_div(tiles, wanted < 1 ? 1 : wanted);
        parts = ceil_div(tiles, each);
    }
};
/// Of a part of the queue and a row: exponentials' sum times 2^-top, to the base 2, and how many score higher than the positive.
struct Part {
    float top, sum;
    int32_t above;
};

/// What a thread knows of its two rows of the block: rows first + g and first + g + 8 of its warp.
struct Lane {
    int warp = static_cast<int>(threadIdx.x) / WARP_SIZE;
    int g = static_cast<int>(threadIdx.x) % WARP_SIZE / 4, t = static_cast<int>(threadIdx.x) % 4;
    __device__ int row(int half) const { return warp * 16 + g + half * 8; }
    __device__ int column(int j, int e) const { return j * 8 + t * 2 + e % 2; }
};

/// scores = q queue_tile^T over the temperature, to the base 2; minus infinity where there is no key or it is the row's own.
template <int DEPTH>
__device__ void score(float (&scores)[NI][4], const Queue<bf16>& c, bf16* q, bf16* keys, int tile, const int (&owners)[2]) {
    const Lane lane;
    clear(scores);
#pragma unroll 8
    for (int s = 0; s < DEPTH / 16; ++s) {
        uint32_t left[4];
        load_left<DEPTH>(left, q, lane.warp * 16, s);
        multiply_rows<DEPTH>(scores, left, keys, s);
    }
    const int64_t first = static_cast<int64_t>(tile) * KEYS;
    const bool whole = first + KEYS <= c.capacity && c.owners == nullptr;
#pragma unroll
    for (int j = 0; j < NI; ++j) {
#pragma unroll
        for (int e = 0; e < 4; ++e) {
            const int64_t key = first + lane.column(j, e);
            const bool counts = whole || (key < c.capacity && !c.is_own(owners[e / 2], key));
            scores[j][e] = counts ? scores[j][e] * (c.inverse * LOG2_E) : -INFINITY;
        }
    }
    __syncwarp();  // keys of a row's own film may have parted the lanes, and ldmatrix and mma are of whole warps
}

/// Goes over the tiles of this block's part: each(tile's number, tile in shared memory). The block's rows of q are brought to `q` before.
template <int DEPTH, class Each> __device__ void for_tiles(const Queue<bf16>& c, bf16* q, int first_row, int each_part, const Each& each) {
    bf16* const stages = q + ROWS * DEPTH;
    const int tiles = (c.capacity + KEYS - 1) / KEYS, begin = static_cast<int>(blockIdx.y) * each_part;
    const int end = min(tiles, begin + each_part);
    const auto bring = [&](int tile) {
        bring_tile<KEYS, DEPTH, BLOCK>(stages + (tile - begin) % 2 * KEYS * DEPTH, c.queue, c.width, tile * KEYS, c.capacity, c.width);
    };
    bring_tile<ROWS, DEPTH, BLOCK>(q, c.q, c.width, first_row, c.rows, c.width);
    bring(begin);
    copy_async_commit();
    for (int tile = begin; tile < end; ++tile) {
        copy_async_wait<0>();
        __syncthreads();  // the tile is there, and all are done with the one before
        if (tile + 1 < end) bring(tile + 1);
        copy_async_commit();
        each(tile, stages + (tile - begin) % 2 * KEYS * DEPTH);
    }
}

/// Of the products of its rows with a part of the queue, what a thread has of row `half`; all four lanes of the row to call it.
__device__ inline Part of_row(const Part& p) {
    const float top = quad_max(p.top);
    const float sum = quad_sum(p.top == -INFINITY ? 0.f : p.sum * exp2f(p.top - top));
    const int above = p.above + __shfl_xor_sync(ALL_LANES, p.above, 1);
    return {top, sum, above + __shfl_xor_sync(ALL_LANES, above, 2)};
}

constexpr int64_t aligned(int64_t bytes) { return ceil_div(bytes, 16) * 16; }
template <int DEPTH> constexpr size_t SHARED = (ROWS + 2 * KEYS) * DEPTH * sizeof(bf16);

/// positives[rows] = q . k over the temperature.
void launch_positives(kn_dptr positives, const Contrast& c, kn_handle stream);
/// Whether no maximum is looked for.
inline bool has_bound(const Contrast& c) { return c.unit_length && 1 / c.temperature <= HIGHEST_SHIFT; }
inline float bound_of(const Contrast& c) { return LOG2_E / static_cast<float>(c.temperature); }
}  // namespace kn::infonce
