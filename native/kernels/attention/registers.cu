// Attention of float in register tiles: a block for 64 rows of a head, against tiles of the others in shared memory. 16 x 16 threads: each
// has four rows, 16 apart, of the products with every 16th of the others, and of the results 4 columns of every 64. All that is known of a
// row is in 16 neighbouring lanes. The same order of work as on tensor cores.
#include <algorithm>

#include "../../runtime/fragments.h"
#include "tiles.h"
#include "variants.h"

namespace kn::attention {
namespace {
constexpr int SIDE = 16, THREADS = SIDE * SIDE, EACH = OWN / SIDE;
constexpr float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;
using Four = Pack<float, 4>;

__device__ inline int down() { return static_cast<int>(threadIdx.x) / SIDE; }
__device__ inline int across() { return static_cast<int>(threadIdx.x) % SIDE; }

template <int N> __device__ void clear_rows(float (&sums)[EACH][N]) {
#pragma unroll
    for (int i = 0; i < EACH * N; ++i) sums[i / N][i % N] = 0.f;
}

/// sums[i][j] += own row down + 16 i times other row across + 16 j.
template <int DEPTH, int NJ> __device__ void multiply_with_rows(float (&sums)[EACH][NJ], float* own, float* others) {
#pragma unroll 2
    for (int c = 0; c < DEPTH / 4; ++c) {
        Four left[EACH], right[NJ];
#pragma unroll
        for (int i = 0; i < EACH; ++i) left[i] = *reinterpret_cast<Four*>(tile_chunk<DEPTH>(own, down() + i * SIDE, c));
#pragma unroll
        for (int j = 0; j < NJ; ++j) right[j] = *reinterpret_cast<Four*>(tile_chunk<DEPTH>(others, across() + j * SIDE, c));
#pragma unroll
        for (int e = 0; e < 4; ++e) {
#pragma unroll
            for (int i = 0; i < EACH; ++i) {
#pragma unroll
                for (int j = 0; j < NJ; ++j) sums[i][j] += left[i].at[e] * right[j].at[e];
            }
        }
    }
}

/// Columns that rows of weights lie apart: tile_chunk needs eight chunks of four.
template <int OTHERS> constexpr int PITCH = OTHERS < 32 ? 32 : OTHERS;

/// Puts what each thread has of its rows where the other lanes of the rows find it; they are all of one warp.
template <int OTHERS> __device__ void put_weights(float* weights, const float (&values)[EACH][OTHERS / SIDE]) {
#pragma unroll
    for (int i = 0; i < EACH; ++i) {
#pragma unroll
        for (int j = 0; j < OTHERS / SIDE; ++j) {
            const int column = across() + j * SIDE;
            tile_chunk<PITCH<OTHERS>>(weights, down() + i * SIDE, column / 4)[column % 4] = values[i][j];
        }
    }
}

/// sums[i] += row down + 16 i of the weights times the other rows; columns across * 4 + 64 n.
template <int DEPTH, int OTHERS> __device__ void add_weighted(float (&sums)[EACH][DEPTH / SIDE], float* weights, float* others) {
#pragma unroll 2
    for (int c = 0; c < OTHERS / 4; ++c) {
        Four of_rows[EACH];
#pragma unroll
        for (int i = 0; i < EACH; ++i) of_rows[i] = *reinterpret_cast<Four*>(tile_chunk<PITCH<OTHERS>>(weights, down() + i * SIDE, c));
#pragma unroll
        for (int e = 0; e < 4; ++e) {
#pragma unroll
            for (int n = 0; n < DEPTH / 64; ++n) {
                const Four row = *reinterpret_cast<Four*>(tile_chunk<DEPTH>(others, c * 4 + e, n * SIDE + across()));
#pragma unroll
                for (int i = 0; i < EACH; ++i) {
#pragma unroll
                    for (int f = 0; f < 4; ++f) sums[i][n * 4 + f] += of_rows[i].at[e] * row.at[f];
                }
            }
        }
    }
}

template <int DEPTH>
__device__ void store_sums(float* y, int64_t width, int first, int end, int depth, const float (&sums)[EACH][DEPTH / SIDE],
                           const float (&scale)[EACH]) {
#pragma unroll
    for (int i = 0; i < EACH; ++i) {
        const int row = first + down() + i * SIDE;
#pragma unroll
        for (int n = 0; n < DEPTH / 64; ++n) {
            const int column = n * 64 + across() * 4;
            if (row >= end || column >= depth) continue;
            Four out;
#pragma unroll
            for (int f = 0; f < 4; ++f) out.at[f] = sums[i][n * 4 + f] * scale[i];
            *reinterpret_cast<Four*>(y + row * width + column) = out;
        }
    }
}

__device__ inline float row_sum(float v) {
#pragma unroll
    for (int o = SIDE / 2; o > 0; o >>= 1) v += __shfl_xor_sync(ALL_LANES, v, o);
    return v;
}
__device__ inline float row_max(float v) {
#pragma unroll
    for (int o = SIDE / 2; o > 0; o >>= 1) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, o));
    return v;
}

template <int DEPTH, int KEYS>
__global__ void __launch_bounds__(THREADS, 1) forward_v3(float* y, float* log_sums, Rows<float> r, int tiles) {
    constexpr int NJ = KEYS / SIDE;
    float* const own = reinterpret_cast<float*>(dynamic_shared());
    float *const keys = own + OWN * DEPTH, *const values = keys + KEYS * DEPTH, *const weights = values + KEYS * DEPTH;
    const int64_t head = blockIdx.x / tiles, b = head / r.heads, width = r.width();
    const int h = static_cast<int>(head % r.heads), first = static_cast<int>(blockIdx.x % tiles) * OWN;
    const int64_t query_at = r.query_at(b, h, 0), key_at = r.key_at(b, h, 0);
    const int end = r.visible(min(first + OWN, r.queries) - 1);
    bring_tile<OWN, DEPTH, THREADS>(own, r.q + query_at, width, first, r.queries, r.depth);
    float sums[EACH][DEPTH / SIDE], top[EACH], sum[EACH];
    clear_rows(sums);
#pragma unroll
    for (int i = 0; i < EACH; ++i) {
        top[i] = -INFINITY;
        sum[i] = 0.f;
    }
    for (int from = 0; from < end; from += KEYS) {
        __syncthreads();  // all are done with the tile before
        bring_tile<KEYS, DEPTH, THREADS>(keys, r.k + key_at, width, from, end, r.depth);
        bring_tile<KEYS, DEPTH, THREADS>(values, r.v + key_at, width, from, end, r.depth);
        copy_async_commit();
        copy_async_wait<0>();
        __syncthreads();  // the tile is there
        float scores[EACH][NJ];
        clear_rows(scores);
        multiply_with_rows<DEPTH>(scores, own, keys);
#pragma unroll
        for (int i = 0; i < EACH; ++i) {
            const int query = first + down() + i * SIDE;
            float higher = top[i];
#pragma unroll
            for (int j = 0; j < NJ; ++j) {
                const int key = from + across() + j * SIDE;
                scores[i][j] = r.sees(b, query, key) ? scores[i][j] * (r.scale * LOG2_E) : -INFINITY;
                higher = fmaxf(higher, scores[i][j]);
            }
            higher = row_max(higher);
            const float base = higher == -INFINITY ? 0.f : higher, shrink = exp2f(top[i] - base);
            top[i] = higher;
            sum[i] *= shrink;
#pragma unroll
            for (int j = 0; j < NJ; ++j) {
                sum[i] += scores[i][j] = exp2f(scores[i][j] - base);
                if (r.random != nullptr) scores[i][j] *= r.factor(head * r.queries + query, from + across() + j * SIDE);
            }
#pragma unroll
            for (int c = 0; c < DEPTH / SIDE; ++c) sums[i][c] *= shrink;
        }
        put_weights<KEYS>(weights, scores);
        __syncwarp();  // the rows' weights are there
        add_weighted<DEPTH, KEYS>(sums, weights, values);
    }
    float inverse[EACH];
#pragma unroll
    for (int i = 0; i < EACH; ++i) {
        const float total = row_sum(sum[i]);
        const int query = first + down() + i * SIDE;
        inverse[i] = total == 0.f ? 0.f : 1.f / total;  // NaN stays NaN
        if (across() == 0 && query < r.queries) {
            log_sums[head * r.queries + query] = total == 0.f ? 0.f : (top[i] + log2f(total)) * LN_2;
        }
    }
    copy_async_wait<0>();  // the queries', where no key is seen
    store_sums<DEPTH>(y + query_at, width, first, r.queries, r.depth, sums, inverse);
}

// eight lanes for each row
template <class T> __global__ void along_v3(float* along, const T* dy, const T* y, int64_t rows, int queries, int heads, int depth) {
    constexpr int LANES = 8;
    const int part = static_cast<int>(threadIdx.x) % LANES;
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x / LANES;
    for (int64_t first = static_cast<int64_t>(blockIdx.x) * blockDim.x / LANES; first < rows; first += step) {
        const int64_t row = first + threadIdx.x / LANES;
        float sum = 0.f;
        for (int c = part * WIDE<T>; row < rows && c < depth; c += LANES * WIDE<T>) {
            using Wide = Pack<T, WIDE<T>>;
            const Wide a = *reinterpret_cast<const Wide*>(dy + row * depth + c), b = *reinterpret_cast<const Wide*>(y + row * depth + c);
#pragma unroll
            for (int e = 0; e < WIDE<T>; ++e) sum += to_float(a.at[e]) * to_float(b.at[e]);
        }
#pragma unroll
        for (int o = LANES / 2; o > 0; o >>= 1) sum += __shfl_xor_sync(ALL_LANES, sum, o);
        const int64_t h = row % heads, i = row / heads % queries, b = row / heads / queries;
        if (part == 0 && row < rows) along[(b * heads + h) * queries + i] = sum;
    }
}

// Names and formulas as in tensor.cu.
template <int DEPTH, int OTHERS, bool OF_KEYS>
__global__ void __launch_bounds__(THREADS, 1) gradient_v3(float* d_first, float* d_second, Rows<float> r, Results<float> s, int tiles) {
    constexpr int NJ = OTHERS / SIDE;
    float* const own = reinterpret_cast<float*>(dynamic_shared());
    float *const others = own + 2 * OWN * DEPTH, *const weights = others + 2 * OTHERS * DEPTH;
    const int64_t head = blockIdx.x / tiles, b = head / r.heads, width = r.width();
    const int h = static_cast<int>(head % r.heads), first = static_cast<int>(blockIdx.x % tiles) * OWN;
    const int64_t query_at = r.query_at(b, h, 0), key_at = r.key_at(b, h, 0);
    const float *const q = r.q + query_at, *const dy = s.dy + query_at, *const k = r.k + key_at, *const v = r.v + key_at;
    const int count = OF_KEYS ? r.keys : r.queries;
    const int begin = OF_KEYS ? r.first_query(first) / OTHERS * OTHERS : 0;
    const int end = OF_KEYS ? r.queries : r.visible(min(first + OWN, count) - 1);
    bring_tile<OWN, DEPTH, THREADS>(own, OF_KEYS ? k : q, width, first, count, r.depth);
    bring_tile<OWN, DEPTH, THREADS>(own + OWN * DEPTH, OF_KEYS ? v : dy, width, first, count, r.depth);
    float sums[EACH][DEPTH / SIDE], values[EACH][OF_KEYS ? DEPTH / SIDE : 1];
    clear_rows(sums);
    clear_rows(values);
    for (int from = begin; from < end; from += OTHERS) {
        __syncthreads();  // all are done with the tile before
        bring_tile<OTHERS, DEPTH, THREADS>(others, OF_KEYS ? q : k, width, from, end, r.depth);
        bring_tile<OTHERS, DEPTH, THREADS>(others + OTHERS * DEPTH, OF_KEYS ? dy : v, width, from, end, r.depth);
        copy_async_commit();
        copy_async_wait<0>();
        __syncthreads();  // the tile is there
        float scores[EACH][NJ], pulls[EACH][NJ];
        clear_rows(scores);
        clear_rows(pulls);
        multiply_with_rows<DEPTH>(scores, own, others);
        multiply_with_rows<DEPTH>(pulls, own + OWN * DEPTH, others + OTHERS * DEPTH);
#pragma unroll
        for (int e = 0; e < EACH * NJ; ++e) {
            float &score = scores[e / NJ][e % NJ], &pull = pulls[e / NJ][e % NJ];
            const int mine = first + down() + e / NJ * SIDE, other = from + across() + e % NJ * SIDE;
            const int i = OF_KEYS ? other : mine, key = OF_KEYS ? mine : other;
            const int64_t row = head * r.queries + i;
            const bool seen = i < r.queries && r.sees(b, i, key);
            const float p = seen ? exp2f((score * r.scale - s.log_sums[row]) * LOG2_E) : 0.f;
            const float m = seen ? r.factor(row, key) : 0.f;
            score = p * m;
            pull = seen ? p * (m * pull - s.along[row]) * r.scale : 0.f;
        }
        put_weights<OTHERS>(weights, pulls);
        if (OF_KEYS) put_weights<OTHERS>(weights + OWN * PITCH<OTHERS>, scores);
        __syncwarp();  // the rows' weights are there
        add_weighted<DEPTH, OTHERS>(sums, weights, others);
        if constexpr (OF_KEYS) add_weighted<DEPTH, OTHERS>(values, weights + OWN * PITCH<OTHERS>, others + OTHERS * DEPTH);
    }
    copy_async_wait<0>();  // the own rows', where there is nothing to sum
    const float one[EACH] = {1.f, 1.f, 1.f, 1.f};
    const int64_t at = OF_KEYS ? key_at : query_at;
    store_sums<DEPTH>(d_first + at, width, first, count, r.depth, sums, one);
    if constexpr (OF_KEYS) store_sums<DEPTH>(d_second + at, width, first, count, r.depth, values, one);
}

template <int DEPTH, int KEYS> constexpr size_t FORWARD_SHARED = ((OWN + 2 * KEYS) * DEPTH + OWN * KEYS) * sizeof(float);
template <int DEPTH, int OTHERS> constexpr size_t GRADIENT_SHARED = (2 * (OWN + OTHERS) * DEPTH + 2 * OWN * PITCH<OTHERS>) * sizeof(float);

template <int DEPTH, int KEYS> void launch_forward(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    const int64_t tiles = ceil_div(o.queries, OWN);
    LAUNCH((forward_v3<DEPTH, KEYS>), static_cast<unsigned>(o.batch * o.heads * tiles), THREADS, (FORWARD_SHARED<DEPTH, KEYS>),
           stream_of(stream), address<float>(y), address<float>(log_sums), rows_of<float>(o), static_cast<int>(tiles));
}

template <int DEPTH, int OTHERS>
void launch_gradient(kn_dptr dq, kn_dptr dk, kn_dptr dv, const Results<float>& results, const Operands& o, kn_handle stream) {
    constexpr size_t SHARED = GRADIENT_SHARED<DEPTH, OTHERS>;
    const int64_t heads = o.batch * o.heads, of_queries = ceil_div(o.queries, OWN), of_keys = ceil_div(o.keys, OWN);
    if (of_queries > 0) {
        LAUNCH((gradient_v3<DEPTH, OTHERS, false>), static_cast<unsigned>(heads * of_queries), THREADS, SHARED, stream_of(stream),
               address<float>(dq), static_cast<float*>(nullptr), rows_of<float>(o), results, static_cast<int>(of_queries));
    }
    if (of_keys > 0) {
        LAUNCH((gradient_v3<DEPTH, OTHERS, true>), static_cast<unsigned>(heads * of_keys), THREADS, SHARED, stream_of(stream),
               address<float>(dk), address<float>(dv), rows_of<float>(o), results, static_cast<int>(of_keys));
    }
}

/// Whether blocks for depths above 64 have 112 KB of shared memory; else they go over tiles of half as many others, in at most 96 KB.
bool has_wide_tiles() {
    constexpr size_t MOST = std::max(FORWARD_SHARED<128, 64>, GRADIENT_SHARED<128, 32>);
    return has_shared(MOST);
}

void launch_forward_registers(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    if (o.depth <= 64) {
        launch_forward<64, 64>(y, log_sums, o, stream);
    } else if (has_wide_tiles()) {
        launch_forward<128, 64>(y, log_sums, o, stream);
    } else {
        launch_forward<128, 32>(y, log_sums, o, stream);
    }
}

void launch_gradient_registers(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr log_sums, kn_dptr along, const Operands& o,
                               kn_handle stream) {
    const Results<float> results{address<const float>(dy), address<const float>(log_sums), address<const float>(along)};
    if (o.depth <= 64) {
        launch_gradient<64, 64>(dq, dk, dv, results, o, stream);
    } else if (has_wide_tiles()) {
        launch_gradient<128, 32>(dq, dk, dv, results, o, stream);
    } else {
        launch_gradient<128, 16>(dq, dk, dv, results, o, stream);
    }
}

// Every device gives a block 99 KB; on tensor cores it is never more than 96.
static_assert(std::max(FORWARD_SHARED<64, 64>, GRADIENT_SHARED<64, 64>) <= 99 * 1024);
static_assert(std::max(FORWARD_SHARED<128, 32>, GRADIENT_SHARED<128, 16>) <= 99 * 1024);
}  // namespace

bool is_for_tiles(const Operands& o) {
    constexpr int64_t BLOCKS = int64_t{1} << 31, MOST_DEPTH = 128;
    const int64_t heads = o.batch * o.heads;
    return o.depth % (16 / size_of(o.dtype)) == 0 && o.depth <= MOST_DEPTH && heads * ceil_div(o.queries, OWN) < BLOCKS
        && heads * ceil_div(o.keys, OWN) < BLOCKS;
}

void launch_forward_tiles(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    if (o.dtype == KN_BF16) {
        launch_forward_tensor(y, log_sums, o, stream);
    } else {
        launch_forward_registers(y, log_sums, o, stream);
    }
}

void launch_gradient_tiles(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr y, kn_dptr log_sums, const Operands& o,
                           kn_dptr workspace, kn_handle stream) {
    const int64_t rows = o.batch * o.queries * o.heads;
    if (rows > 0) {
        KN_FLOATING(o.dtype, T, LAUNCH((along_v3<T>), blocks_for(rows, THREADS / 8), THREADS, 0, stream_of(stream),
                                       address<float>(workspace), address<const T>(dy), address<const T>(y), rows,
                                       static_cast<int>(o.queries), static_cast<int>(o.heads), static_cast<int>(o.depth)));
    }
    if (o.dtype == KN_BF16) {
        launch_gradient_tensor(dq, dk, dv, dy, log_sums, workspace, o, stream);
    } else {
        launch_gradient_registers(dq, dk, dv, dy, log_sums, workspace, o, stream);
    }
}
}  // namespace kn::attention
