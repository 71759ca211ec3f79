// InfoNCE of float against a queue in register tiles, widths up to 256: the loss, and with it what the gradient needs of the queue, in one
// pass, in the order of work of tensor.cu, by multiply-adds of float. A warp has a part of the block's rows, eight lanes for each: lane
// `across` of them has the scores of every 8th key of a tile, and of what is pulled four columns of every 32. Weights go from lane to lane
// through shared memory; scores are never anywhere but in registers.
#include "../../runtime/fragments.h"
#include "running.h"
#include "variants.h"

namespace kn::infonce {
namespace {
using Four = Pack<float, 4>;
constexpr int WARPS = THREADS / WARP_SIZE, DOWN = 4, ACROSS = 8;  // lanes of a warp: 4 x 8
/// Of a block and of a tile. Either way a thread has 64 sums of what is pulled, and three blocks fit into the 228 KB of a multiprocessor.
template <int DEPTH> constexpr int ROWS = DEPTH <= 128 ? 64 : 32;
template <int DEPTH> constexpr int KEYS = DEPTH <= 128 ? 32 : 16;
/// Of a thread.
template <int DEPTH> constexpr int OWN = ROWS<DEPTH> / (WARPS * DOWN);
template <int DEPTH> constexpr int OTHERS = KEYS<DEPTH> / ACROSS;
constexpr int PITCH = 32;  // floats that rows of weights lie apart: tile_chunk needs eight chunks of four
constexpr int BLOCKS = 3 * 132;

template <int DEPTH> Split split_of(int64_t rows, int64_t capacity) {
    return {ceil_div(rows, ROWS<DEPTH>), capacity, KEYS<DEPTH>, BLOCKS};
}

/// A thread's place in the block. Lanes that read the same 16 bytes of a tile are 1 or 2 apart, which shared memory serves at once: those
/// of a key are pairs, those of a row every other one of a half warp.
template <int DEPTH> struct Place {
    int first = static_cast<int>(blockIdx.x) * ROWS<DEPTH>;  // of the block
    int warp = static_cast<int>(threadIdx.x) / WARP_SIZE, lane = static_cast<int>(threadIdx.x) % WARP_SIZE;

    /// Of the block's.
    __device__ int row(int i) const { return (warp * OWN<DEPTH> + i) * DOWN + lane / 16 * 2 + lane % 2; }
    __device__ int across() const { return lane / 2 % ACROSS; }
    /// Whether any of the warp's rows takes part.
    __device__ bool any(int n) const { return first + warp * OWN<DEPTH> * DOWN < n; }
};

/// Over the lanes of a row.
__device__ inline float row_max(float v) {
#pragma unroll
    for (int o = 2; o < 16; o *= 2) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, o));
    return v;
}
template <class T> __device__ T row_sum(T v) {
#pragma unroll
    for (int o = 2; o < 16; o *= 2) v += __shfl_xor_sync(ALL_LANES, v, o);
    return v;
}

template <int N, int M> __device__ void clear_rows(float (&sums)[N][M]) {
#pragma unroll
    for (int i = 0; i < N * M; ++i) sums[i / M][i % M] = 0.f;
}

/// Starts to bring rows as bring_tile does, but of any width.
template <int COUNT, int DEPTH> __device__ void bring_any(float* tile, const float* from, int width, int first, int end) {
    if (width % WIDE<float> == 0) {
        bring_tile<COUNT, DEPTH, THREADS>(tile, from, width, first, end, width);
        return;
    }
#pragma unroll 1  // seldom taken, and so without registers of its own
    for (int i = static_cast<int>(threadIdx.x); i < COUNT * DEPTH; i += THREADS) {
        const int row = i / DEPTH, column = i % DEPTH;
        const bool there = first + row < end && column < width;
        copy_async_4(tile_chunk<DEPTH>(tile, row, column / 4) + column % 4,
                     there ? from + static_cast<int64_t>(first + row) * width + column : from, there);
    }
}

/// scores[i][j] = q of row i times key across + 8 j of the tile. STEPS: how many of four columns are unrolled, for which there is room where
/// nothing is pulled.
template <int DEPTH, int STEPS>
__device__ void multiply(float (&scores)[OWN<DEPTH>][OTHERS<DEPTH>], const Place<DEPTH>& at, float* q, float* keys) {
    clear_rows(scores);
#pragma unroll STEPS
    for (int c = 0; c < DEPTH / 4; ++c) {
        Four left[OWN<DEPTH>], right[OTHERS<DEPTH>];
#pragma unroll
        for (int i = 0; i < OWN<DEPTH>; ++i) left[i] = *reinterpret_cast<Four*>(tile_chunk<DEPTH>(q, at.row(i), c));
#pragma unroll
        for (int j = 0; j < OTHERS<DEPTH>; ++j) {
            right[j] = *reinterpret_cast<Four*>(tile_chunk<DEPTH>(keys, at.across() + j * ACROSS, c));
        }
#pragma unroll
        for (int e = 0; e < 4; ++e) {
#pragma unroll
            for (int i = 0; i < OWN<DEPTH>; ++i) {
#pragma unroll
                for (int j = 0; j < OTHERS<DEPTH>; ++j) scores[i][j] += left[i].at[e] * right[j].at[e];
            }
        }
    }
}

/// sums[i] += the weights of row i times the tile's keys; columns across * 4 + 32 n.
template <int DEPTH>
__device__ void add_weighted(float (&sums)[OWN<DEPTH>][DEPTH / ACROSS], const Place<DEPTH>& at, float* weights, float* keys) {
#pragma unroll 1
    for (int c = 0; c < KEYS<DEPTH> / 4; ++c) {
        Four of_rows[OWN<DEPTH>];
#pragma unroll
        for (int i = 0; i < OWN<DEPTH>; ++i) of_rows[i] = *reinterpret_cast<Four*>(tile_chunk<PITCH>(weights, at.row(i), c));
#pragma unroll
        for (int e = 0; e < 4; ++e) {
#pragma unroll
            for (int n = 0; n < DEPTH / 32; ++n) {
                const Four key = *reinterpret_cast<Four*>(tile_chunk<DEPTH>(keys, c * 4 + e, n * ACROSS + at.across()));
#pragma unroll
                for (int i = 0; i < OWN<DEPTH>; ++i) {
#pragma unroll
                    for (int f = 0; f < 4; ++f) sums[i][n * 4 + f] += of_rows[i].at[e] * key.at[f];
                }
            }
        }
    }
}

/// A thread's rows and what it has summed up of their scores.
template <int DEPTH, bool UNIT> struct OwnRows : Place<DEPTH> {
    Running<UNIT> mine[OWN<DEPTH>];
    float positive[OWN<DEPTH>];
    int owners[OWN<DEPTH>];

    __device__ OwnRows(const Queue<float>& c, const float* positives, int n, float bound) {
#pragma unroll
        for (int i = 0; i < OWN<DEPTH>; ++i) {
            const int row = this->first + this->row(i);
            mine[i].start(bound);
            positive[i] = row < n ? positives[row] * LOG2_E : 0.f;
            owners[i] = row < n ? c.owner(row) : -1;
        }
    }

    /// Products to scores, over the temperature, to the base 2; minus infinity where there is no key or it is the row's own.
    __device__ void score(float (&scores)[OWN<DEPTH>][OTHERS<DEPTH>], const Queue<float>& c, int tile) const {
        const int64_t first_key = static_cast<int64_t>(tile) * KEYS<DEPTH>;
        const bool whole = first_key + KEYS<DEPTH> <= c.capacity && c.owners == nullptr;
#pragma unroll
        for (int j = 0; j < OTHERS<DEPTH>; ++j) {
            const int64_t key = first_key + this->across() + j * ACROSS;
#pragma unroll
            for (int i = 0; i < OWN<DEPTH>; ++i) {
                const bool counts = whole || (key < c.capacity && !c.is_own(owners[i], key));
                scores[i][j] = counts ? scores[i][j] * (c.inverse * LOG2_E) : -INFINITY;
            }
        }
    }

    /// Turns the scores of row i into exponentials, times 2^-top, and adds them; what was summed up with those before is to be multiplied
    /// by what is returned.
    __device__ float add(float (&scores)[OTHERS<DEPTH>], int i) {
        float shrink = 1.f;
        if (!UNIT) {
            float higher = mine[i].part.top;
#pragma unroll
            for (int j = 0; j < OTHERS<DEPTH>; ++j) higher = fmaxf(higher, scores[j]);
            shrink = mine[i].raise(row_max(higher));  // of the row, as all its columns shrink alike
        }
#pragma unroll
        for (int j = 0; j < OTHERS<DEPTH>; ++j) scores[j] = mine[i].add(scores[j], positive[i]);
        return shrink;
    }

    /// Puts the weights of row i where its other lanes find them.
    __device__ void put(float* weights, const float (&values)[OTHERS<DEPTH>], int i) const {
#pragma unroll
        for (int j = 0; j < OTHERS<DEPTH>; ++j) {
            const int key = this->across() + j * ACROSS;
            tile_chunk<PITCH>(weights, this->row(i), key / 4)[key % 4] = values[j];
        }
    }

    /// Of all lanes of a row, which are to call it together.
    __device__ Part sum(int i) const { return {mine[i].part.top, row_sum(mine[i].part.sum), row_sum(mine[i].part.above)}; }
};

/// Columns across * 4 + 32 n of a row.
template <int DEPTH> __device__ void store(float* row, int width, int across, const float (&sums)[DEPTH / ACROSS]) {
#pragma unroll
    for (int n = 0; n < DEPTH / 32; ++n) {
        const int column = (n * ACROSS + across) * 4;
        if (width % 4 == 0) {
            const Four four{{sums[n * 4], sums[n * 4 + 1], sums[n * 4 + 2], sums[n * 4 + 3]}};
            if (column < width) *reinterpret_cast<Four*>(row + column) = four;
            continue;
        }
#pragma unroll
        for (int f = 0; f < 4; ++f) {
            if (column + f < width) row[column + f] = sums[n * 4 + f];
        }
    }
}

// parts and sums as those of pass_v2
template <int DEPTH, bool UNIT, bool PULLS>
__global__ void __launch_bounds__(THREADS, 3) pass_v4(Part* parts, float* sums, const float* positives, Queue<float> c, int each_part,
                                                      float bound) {
    constexpr int TILE = KEYS<DEPTH> * DEPTH;
    float* const q = reinterpret_cast<float*>(dynamic_shared());
    float *const stages = q + ROWS<DEPTH> * DEPTH, *const weights = stages + 2 * TILE;
    const int n = counted(c.count, c.rows);
    OwnRows<DEPTH, UNIT> rows(c, positives, n, bound);
    if (rows.first >= n) return;
    const int begin = static_cast<int>(blockIdx.y) * each_part;
    const int end = min(static_cast<int>(ceil_div(c.capacity, KEYS<DEPTH>)), begin + each_part);
    const auto bring = [&](int tile) {
        bring_any<KEYS<DEPTH>, DEPTH>(stages + (tile - begin) % 2 * TILE, c.queue, c.width, tile * KEYS<DEPTH>, c.capacity);
    };
    float pulled[PULLS ? OWN<DEPTH> : 1][PULLS ? DEPTH / ACROSS : 1];
    clear_rows(pulled);
    bring_any<ROWS<DEPTH>, DEPTH>(q, c.q, c.width, rows.first, c.rows);
    bring(begin);
    copy_async_commit();
    for (int tile = begin; tile < end; ++tile) {
        copy_async_wait<0>();
        __syncthreads();  // the tile is there, and all are done with the one before
        if (tile + 1 < end) bring(tile + 1);
        copy_async_commit();
        if (!rows.any(n)) continue;
        float* const keys = stages + (tile - begin) % 2 * TILE;
        float scores[OWN<DEPTH>][OTHERS<DEPTH>];
        multiply<DEPTH, PULLS ? 1 : 2>(scores, rows, q, keys);
        rows.score(scores, c, tile);
#pragma unroll
        for (int i = 0; i < OWN<DEPTH>; ++i) {
            const float shrink = rows.add(scores[i], i);
            if constexpr (PULLS) {
#pragma unroll
                for (int j = 0; !UNIT && j < DEPTH / ACROSS; ++j) pulled[i][j] *= shrink;
                rows.put(weights, scores[i], i);
            }
        }
        if constexpr (PULLS) {
            __syncwarp();  // the weights of the warp's rows are there
            add_weighted<DEPTH>(pulled, rows, weights, keys);
        }
    }
    if (!rows.any(n)) return;
    const int64_t part = static_cast<int64_t>(blockIdx.y) * c.rows;
#pragma unroll
    for (int i = 0; i < OWN<DEPTH>; ++i) {
        const Part p = rows.sum(i);
        const int row = rows.first + rows.row(i);
        if (row >= n) continue;
        if (rows.across() == 0) parts[part + row] = p;
        if constexpr (PULLS) store<DEPTH>(sums + (part + row) * c.width, c.width, rows.across(), pulled[i]);
    }
}

/// Of a block, in bytes: 72 or 68 KB.
template <int DEPTH, bool PULLS>
constexpr size_t SHARED = ((ROWS<DEPTH> + 2 * KEYS<DEPTH>) * DEPTH + (PULLS ? ROWS<DEPTH> * PITCH : 0)) * sizeof(float);
static_assert(SHARED<128, true> <= 99 * 1024 && SHARED<256, true> <= 99 * 1024, "what every device of 8.0 and later has");

template <int DEPTH, bool UNIT, bool PULLS>
void launch_pass(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream) {
    const Split split = split_of<DEPTH>(c.rows, c.capacity);
    const dim3 grid(static_cast<unsigned>(ceil_div(c.rows, ROWS<DEPTH>)), static_cast<unsigned>(split.parts));
    LAUNCH((pass_v4<DEPTH, UNIT, PULLS>), grid, THREADS, (SHARED<DEPTH, PULLS>), stream_of(stream), address<Part>(w.parts),
           address<float>(sums), address<const float>(w.positives), queue_of<float>(c), static_cast<int>(split.each), bound_of(c));
}

template <int DEPTH> void launch_deep(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream) {
    if (sums == 0) {
        has_bound(c) ? launch_pass<DEPTH, true, false>(w, sums, c, stream) : launch_pass<DEPTH, false, false>(w, sums, c, stream);
    } else {
        has_bound(c) ? launch_pass<DEPTH, true, true>(w, sums, c, stream) : launch_pass<DEPTH, false, true>(w, sums, c, stream);
    }
}
}  // namespace

bool is_for_registers(int64_t width, int64_t capacity, kn_dtype dtype) { return dtype == KN_F32 && width <= 256 && capacity > 0; }

int64_t register_splits(int64_t rows, int64_t width, int64_t capacity) {
    return width <= 128 ? split_of<128>(rows, capacity).parts : split_of<256>(rows, capacity).parts;
}

void launch_registers(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream) {
    if (c.width <= 128) {
        launch_deep<128>(w, sums, c, stream);
    } else {
        launch_deep<256>(w, sums, c, stream);
    }
}
}  // namespace kn::infonce
