// Attention of bf16 on tensor cores: a block for 64 rows of a head, or 32 where there are no more, 16 for each of its warps, against tiles
// of the others, which come to shared memory one ahead. Forward with a running maximum (Dao, arXiv:2307.08691, section 3.1); backward once
// by queries and once by keys, each computing the probabilities again, so that no sum crosses blocks.
#include "../../runtime/fragments.h"
#include "tiles.h"
#include "variants.h"

namespace kn::attention {
namespace {
constexpr int FEW = 32;  // rows and others at most for the smaller blocks
constexpr float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;

struct Lane {
    int warp = static_cast<int>(threadIdx.x) / WARP_SIZE;
    int g = static_cast<int>(threadIdx.x) % WARP_SIZE / 4, t = static_cast<int>(threadIdx.x) % 4;
    /// The row of the block's and the column of the tile that element e of fragment j is.
    __device__ int row(int e) const { return warp * 16 + g + e / 2 * 8; }
    __device__ int column(int j, int e) const { return j * 8 + t * 2 + e % 2; }
};

/// What dropout multiplies the probabilities of keys j and j + 1 with.
__device__ inline void factors(const Rows<bf16>& r, int64_t row, int j, float (&m)[2]) {
    const uint64_t element = static_cast<uint64_t>(row) * static_cast<uint64_t>(r.keys) + static_cast<uint64_t>(j);
    if (element % 4 == 3) {  // they are in different blocks of the stream
        m[0] = r.factor(row, j);
        m[1] = r.factor(row, j + 1);
        return;
    }
    const PhiloxWords words = philox(static_cast<uint64_t>(r.random[0]), static_cast<uint32_t>(r.random[1]), r.salt, element / 4);
    const int at = static_cast<int>(element % 4);
    m[0] = keeps(at == 0 ? words.at[0] : at == 1 ? words.at[1] : words.at[2], r.threshold) ? r.kept : 0.f;
    m[1] = keeps(at == 0 ? words.at[1] : at == 1 ? words.at[2] : words.at[3], r.threshold) ? r.kept : 0.f;
}

/// A warp's 16 rows of sums to rows of y, through its rows of a tile, which only it reads and which it is done with.
template <int DEPTH>
__device__ void store_rows(bf16* y, int64_t width, int first, int end, int depth, bf16* tile, const float (&sums)[DEPTH / 8][4],
                           const float (&scale)[2]) {
    const Lane lane;
#pragma unroll
    for (int j = 0; j < DEPTH / 8; ++j) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            bf16* to = tile_chunk<DEPTH>(tile, lane.row(half * 2), j) + lane.t * 2;
            *reinterpret_cast<uint32_t*>(to) = pack_bf16(sums[j][half * 2] * scale[half], sums[j][half * 2 + 1] * scale[half]);
        }
    }
    __syncwarp();  // the warp's rows are whole
    for (int i = static_cast<int>(threadIdx.x) % WARP_SIZE; i < 16 * DEPTH / 8; i += WARP_SIZE) {
        const int row = lane.warp * 16 + i / (DEPTH / 8), chunk = i % (DEPTH / 8);
        if (first + row >= end || chunk * 8 >= depth) continue;
        using Wide = Pack<bf16, 8>;
        const Wide* from = reinterpret_cast<const Wide*>(tile_chunk<DEPTH>(tile, row, chunk));
        *reinterpret_cast<Wide*>(y + (first + row) * width + chunk * 8) = *from;
    }
}

/// A running maximum and sum of exponentials of two rows, to the base 2.
struct Softmax {
    float top[2] = {-INFINITY, -INFINITY}, sum[2] = {0.f, 0.f};

    /// Scores to exponentials; shrink: what earlier ones are to be multiplied with.
    template <int NI> __device__ void add(float (&scores)[NI][4], float (&shrink)[2]) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float higher = top[half];
#pragma unroll
            for (int j = 0; j < NI; ++j) higher = fmaxf(higher, fmaxf(scores[j][half * 2], scores[j][half * 2 + 1]));
            higher = quad_max(higher);
            const float base = higher == -INFINITY ? 0.f : higher;  // nothing is seen yet: all exponentials are 0
            shrink[half] = exp2f(top[half] - base);
            top[half] = higher;
            sum[half] *= shrink[half];
#pragma unroll
            for (int j = 0; j < NI; ++j) {
#pragma unroll
                for (int e = half * 2; e < half * 2 + 2; ++e) sum[half] += scores[j][e] = exp2f(scores[j][e] - base);
            }
        }
    }
};

template <int DEPTH, int ROWS, int KEYS>
__global__ void __launch_bounds__(ROWS * 2) forward_v3(bf16* y, float* log_sums, Rows<bf16> r, int tiles) {
    constexpr int NI = KEYS / 8, STAGE = 2 * KEYS * DEPTH, THREADS = ROWS * 2;
    bf16* const own = reinterpret_cast<bf16*>(dynamic_shared());
    bf16* const stages = own + ROWS * DEPTH;
    const Lane lane;
    const int64_t head = blockIdx.x / tiles, b = head / r.heads, width = r.width();
    const int h = static_cast<int>(head % r.heads), first = static_cast<int>(blockIdx.x % tiles) * ROWS;
    const int64_t queries = r.query_at(b, h, 0), keys = r.key_at(b, h, 0);
    const int visible[2] = {r.visible(first + lane.row(0)), r.visible(first + lane.row(2))};
    const int everyone = r.mask == nullptr ? r.visible(first) : 0;  // keys below are seen by all of the block
    const int end = r.visible(min(first + ROWS, r.queries) - 1), steps = (end + KEYS - 1) / KEYS;
    const auto bring = [&](int step) {
        bf16* stage = stages + step % 2 * STAGE;
        bring_tile<KEYS, DEPTH, THREADS>(stage, r.k + keys, width, step * KEYS, end, r.depth);
        bring_tile<KEYS, DEPTH, THREADS>(stage + KEYS * DEPTH, r.v + keys, width, step * KEYS, end, r.depth);
    };
    bring_tile<ROWS, DEPTH, THREADS>(own, r.q + queries, width, first, r.queries, r.depth);
    if (steps > 0) bring(0);
    copy_async_commit();
    uint32_t left[DEPTH / 16][4];
    float sums[DEPTH / 8][4];
    clear(sums);
    Softmax softmax;
    for (int step = 0; step < steps; ++step) {
        copy_async_wait<0>();
        __syncthreads();  // the tile is there, and all are done with the one before
        if (step + 1 < steps) bring(step + 1);
        copy_async_commit();
        if (first + lane.warp * 16 >= r.queries) continue;  // the warp has no row
        if (step == 0) {
#pragma unroll
            for (int s = 0; s < DEPTH / 16; ++s) load_left<DEPTH>(left[s], own, lane.warp * 16, s);
        }
        bf16* const stage = stages + step % 2 * STAGE;
        float scores[NI][4];
        clear(scores);
#pragma unroll
        for (int s = 0; s < DEPTH / 16; ++s) multiply_rows<DEPTH>(scores, left[s], stage, s);
        const bool all = (step + 1) * KEYS <= everyone;
#pragma unroll
        for (int j = 0; j < NI; ++j) {
#pragma unroll
            for (int e = 0; e < 4; ++e) {
                const int key = step * KEYS + lane.column(j, e);
                const bool seen = all || (key < visible[e / 2] && (r.mask == nullptr || r.mask[b * r.keys + key] == 0));
                scores[j][e] = seen ? scores[j][e] * (r.scale * LOG2_E) : -INFINITY;
            }
        }
        float shrink[2];
        softmax.add(scores, shrink);
#pragma unroll
        for (int j = 0; j < DEPTH / 8; ++j) {
#pragma unroll
            for (int e = 0; e < 4; ++e) sums[j][e] *= shrink[e / 2];
        }
        if (r.random != nullptr) {
#pragma unroll
            for (int j = 0; j < NI; ++j) {
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    float m[2];
                    factors(r, head * r.queries + first + lane.row(half * 2), step * KEYS + lane.column(j, 0), m);
                    scores[j][half * 2] *= m[0];
                    scores[j][half * 2 + 1] *= m[1];
                }
            }
        }
        __syncwarp();  // masks and dropout may have parted the lanes, and ldmatrix and mma are of whole warps
#pragma unroll
        for (int s = 0; s < KEYS / 16; ++s) {
            uint32_t weights[4];
            as_left(weights, scores, s);
            multiply_columns<DEPTH>(sums, weights, stage + KEYS * DEPTH, s);
        }
    }
    copy_async_wait<0>();
    __syncthreads();  // where no key is seen, the queries have not been waited for
    float inverse[2];
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const float sum = quad_sum(softmax.sum[half]);
        const int i = first + lane.row(half * 2);
        inverse[half] = sum == 0.f ? 0.f : 1.f / sum;  // NaN stays NaN
        if (lane.t == 0 && i < r.queries) log_sums[head * r.queries + i] = sum == 0.f ? 0.f : (softmax.top[half] + log2f(sum)) * LN_2;
    }
    store_rows<DEPTH>(y + queries, width, first, r.queries, r.depth, own, sums, inverse);
}

// Own rows are queries, or keys where OF_KEYS; others are the other. own[0] and other[0] are of q and k, own[1] and other[1] of dy and v,
// so that products of the first are scores and of the second the gradients of probabilities. With P, m and along as in plain.cu, gradients
// of scores dS = P (m dP - along) / sqrt(depth), times other[0], are dq (dk), and P m times other[1] is dv.
template <int DEPTH, int ROWS, int OTHERS, bool OF_KEYS>
__global__ void __launch_bounds__(ROWS * 2) gradient_v3(bf16* d_first, bf16* d_second, Rows<bf16> r, Results<bf16> s, int tiles) {
    constexpr int NI = OTHERS / 8, STAGE = 2 * OTHERS * DEPTH, THREADS = ROWS * 2;
    bf16* const own = reinterpret_cast<bf16*>(dynamic_shared());
    bf16* const stages = own + 2 * ROWS * DEPTH;
    const Lane lane;
    const int64_t head = blockIdx.x / tiles, b = head / r.heads, width = r.width();
    const int h = static_cast<int>(head % r.heads), first = static_cast<int>(blockIdx.x % tiles) * ROWS;
    const int64_t queries = r.query_at(b, h, 0), keys = r.key_at(b, h, 0);
    const bf16 *const q = r.q + queries, *const dy = s.dy + queries, *const k = r.k + keys, *const v = r.v + keys;
    const int count = OF_KEYS ? r.keys : r.queries;
    const int begin = OF_KEYS ? r.first_query(first) / OTHERS * OTHERS : 0;
    const int end = OF_KEYS ? r.queries : r.visible(min(first + ROWS, count) - 1), steps = (end - begin + OTHERS - 1) / OTHERS;
    const auto bring = [&](int step) {
        bf16* stage = stages + step % 2 * STAGE;
        bring_tile<OTHERS, DEPTH, THREADS>(stage, OF_KEYS ? q : k, width, begin + step * OTHERS, end, r.depth);
        bring_tile<OTHERS, DEPTH, THREADS>(stage + OTHERS * DEPTH, OF_KEYS ? dy : v, width, begin + step * OTHERS, end, r.depth);
    };
    bring_tile<ROWS, DEPTH, THREADS>(own, OF_KEYS ? k : q, width, first, count, r.depth);
    bring_tile<ROWS, DEPTH, THREADS>(own + ROWS * DEPTH, OF_KEYS ? v : dy, width, first, count, r.depth);
    if (steps > 0) bring(0);
    copy_async_commit();
    float sums[DEPTH / 8][4], values[OF_KEYS ? DEPTH / 8 : 2][4];
    clear(sums);
    clear(values);
    for (int step = 0; step < steps; ++step) {
        copy_async_wait<0>();
        __syncthreads();  // the tile is there, and all are done with the one before
        if (step + 1 < steps) bring(step + 1);
        copy_async_commit();
        if (first + lane.warp * 16 >= count) continue;  // the warp has no row
        bf16* const stage = stages + step % 2 * STAGE;
        float scores[NI][4], pulls[NI][4];
        clear(scores);
        clear(pulls);
#pragma unroll
        for (int d = 0; d < DEPTH / 16; ++d) {
            uint32_t left[4];
            load_left<DEPTH>(left, own, lane.warp * 16, d);
            multiply_rows<DEPTH>(scores, left, stage, d);
            load_left<DEPTH>(left, own + ROWS * DEPTH, lane.warp * 16, d);
            multiply_rows<DEPTH>(pulls, left, stage + OTHERS * DEPTH, d);
        }
#pragma unroll
        for (int j = 0; j < NI; ++j) {
#pragma unroll
            for (int e = 0; e < 4; ++e) {
                const int mine = first + lane.row(e), other = begin + step * OTHERS + lane.column(j, e);
                const int i = OF_KEYS ? other : mine, key = OF_KEYS ? mine : other;
                const int64_t row = head * r.queries + i;
                const bool seen = i < r.queries && r.sees(b, i, key);
                const float p = seen ? exp2f((scores[j][e] * r.scale - s.log_sums[row]) * LOG2_E) : 0.f;
                const float m = seen ? r.factor(row, key) : 0.f;
                scores[j][e] = p * m;
                pulls[j][e] = seen ? p * (m * pulls[j][e] - s.along[row]) * r.scale : 0.f;
            }
        }
        __syncwarp();  // as in forward_v3
#pragma unroll
        for (int o = 0; o < OTHERS / 16; ++o) {
            uint32_t weights[4];
            as_left(weights, pulls, o);
            multiply_columns<DEPTH>(sums, weights, stage, o);
            if constexpr (OF_KEYS) {
                as_left(weights, scores, o);
                multiply_columns<DEPTH>(values, weights, stage + OTHERS * DEPTH, o);
            }
        }
    }
    copy_async_wait<0>();
    __syncthreads();  // where there is nothing to sum, the own rows have not been waited for
    const float one[2] = {1.f, 1.f};
    const int64_t at = OF_KEYS ? keys : queries;
    store_rows<DEPTH>(d_first + at, width, first, count, r.depth, own, sums, one);
    if constexpr (OF_KEYS) store_rows<DEPTH>(d_second + at, width, first, count, r.depth, own + ROWS * DEPTH, values, one);
}

/// Bytes of shared memory: own rows, and one or two tiles of others, each of two tensors but the forward pass's own.
template <int DEPTH> size_t shared_bytes(int own, int others, int64_t count) {
    return static_cast<size_t>(own + (count > others ? 2 : 1) * 2 * others) * DEPTH * sizeof(bf16);
}

template <int DEPTH, int ROWS, int KEYS> void launch_forward(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    const int64_t tiles = ceil_div(o.queries, ROWS);
    const size_t shared = shared_bytes<DEPTH>(ROWS, KEYS, o.keys);
    LAUNCH((forward_v3<DEPTH, ROWS, KEYS>), static_cast<unsigned>(o.batch * o.heads * tiles), ROWS * 2, shared, stream_of(stream),
           address<bf16>(y), address<float>(log_sums), rows_of<bf16>(o), static_cast<int>(tiles));
}

template <int DEPTH, int ROWS, int OTHERS>
void launch_gradient(kn_dptr dq, kn_dptr dk, kn_dptr dv, const Results<bf16>& results, const Operands& o, kn_handle stream) {
    const int64_t heads = o.batch * o.heads, of_queries = ceil_div(o.queries, ROWS), of_keys = ceil_div(o.keys, ROWS);
    if (of_queries > 0) {
        LAUNCH((gradient_v3<DEPTH, ROWS, OTHERS, false>), static_cast<unsigned>(heads * of_queries), ROWS * 2,
               shared_bytes<DEPTH>(2 * ROWS, OTHERS, o.keys), stream_of(stream), address<bf16>(dq), static_cast<bf16*>(nullptr),
               rows_of<bf16>(o), results, static_cast<int>(of_queries));
    }
    if (of_keys > 0) {
        LAUNCH((gradient_v3<DEPTH, ROWS, OTHERS, true>), static_cast<unsigned>(heads * of_keys), ROWS * 2,
               shared_bytes<DEPTH>(2 * ROWS, OTHERS, o.queries), stream_of(stream), address<bf16>(dk), address<bf16>(dv), rows_of<bf16>(o),
               results, static_cast<int>(of_keys));
    }
}

bool has_few_rows(const Operands& o) { return o.depth <= 64 && o.queries <= FEW && o.keys <= FEW; }
}  // namespace

void launch_forward_tensor(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    if (has_few_rows(o)) {
        launch_forward<64, FEW, FEW>(y, log_sums, o, stream);
    } else if (o.depth <= 64) {
        launch_forward<64, OWN, 64>(y, log_sums, o, stream);
    } else {
        launch_forward<128, OWN, 64>(y, log_sums, o, stream);
    }
}

void launch_gradient_tensor(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr log_sums, kn_dptr along, const Operands& o,
                            kn_handle stream) {
    const Results<bf16> results{address<const bf16>(dy), address<const float>(log_sums), address<const float>(along)};
    if (has_few_rows(o)) {
        launch_gradient<64, FEW, FEW>(dq, dk, dv, results, o, stream);
    } else if (o.depth <= 64) {
        launch_gradient<64, OWN, 64>(dq, dk, dv, results, o, stream);
    } else {
        launch_gradient<128, OWN, 32>(dq, dk, dv, results, o, stream);
    }
}
}  // namespace kn::attention
