// Attention by a warp for each row: 32 keys (queries) at a time, a lane computing one product of rows; then each lane has some columns of
// the result. Any shape; what the other variants are held against.
#include "../../runtime/warp.h"
#include "rows.h"
#include "variants.h"

namespace kn::attention {
namespace {
constexpr int THREADS = 128, WARPS = THREADS / WARP_SIZE;
constexpr int EACH = 4;                    // columns that a lane sums at once
constexpr int COLUMNS = EACH * WARP_SIZE;  // wider heads are done in several passes

__device__ inline int lane() { return static_cast<int>(threadIdx.x) % WARP_SIZE; }
__device__ inline int64_t first_row() { return (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / WARP_SIZE; }
__device__ inline int64_t stride() { return static_cast<int64_t>(gridDim.x) * WARPS; }

template <class T> __device__ float dot(const T* a, const T* b, int n) {
    float sum = 0.f;
    for (int i = 0; i < n; ++i) sum += to_float(a[i]) * to_float(b[i]);
    return sum;
}

/// sums[c] += weight of lane l * rows[l][column], over the lanes below count.
template <class T> __device__ void add_rows(float (&sums)[EACH], float weight, const T* rows, int64_t pitch, int count, int column,
                                            int depth) {
    for (int l = 0; l < count; ++l) {
        const float w = __shfl_sync(ALL_LANES, weight, l);
#pragma unroll
        for (int c = 0; c < EACH; ++c) {
            if (column + c * WARP_SIZE < depth) sums[c] += w * to_float(rows[l * pitch + column + c * WARP_SIZE]);
        }
    }
}

template <class T> __device__ void store(T* row, const float (&sums)[EACH], float scale, int column, int depth) {
#pragma unroll
    for (int c = 0; c < EACH; ++c) {
        if (column + c * WARP_SIZE < depth) row[column + c * WARP_SIZE] = from_float<T>(sums[c] * scale);
    }
}

template <class T> __global__ void forward_v1(T* y, float* log_sums, Rows<T> r, int64_t count) {
    for (int64_t row = first_row(); row < count; row += stride()) {
        const int i = static_cast<int>(row % r.queries), h = static_cast<int>(row / r.queries % r.heads);
        const int64_t b = row / r.queries / r.heads, at = r.query_at(b, h, i);
        const int visible = r.visible(i);
        for (int column = lane(); column - lane() < r.depth; column += COLUMNS) {
            float top = -INFINITY, sum = 0.f, sums[EACH] = {};
            for (int j = 0; j < visible; j += WARP_SIZE) {
                const int key = j + lane();
                const bool seen = key < visible && r.sees(b, i, key);
                const float score = seen ? r.scale * dot(r.q + at, r.k + r.key_at(b, h, key), r.depth) : -INFINITY;
                const float higher = fmaxf(top, warp_max(score));
                const float shrink = exp_below(top, higher), p = exp_below(score, higher);
                top = higher;
                sum = sum * shrink + p;
#pragma unroll
                for (int c = 0; c < EACH; ++c) sums[c] *= shrink;
                add_rows(sums, seen ? p * r.factor(row, key) : 0.f, r.v + r.key_at(b, h, j), r.width(), min(WARP_SIZE, visible - j), column,
                         r.depth);
            }
            sum = warp_sum(sum);
            store(y + at, sums, sum == 0.f ? 0.f : 1.f / sum, column, r.depth);  // NaN stays NaN
            if (column == 0) log_sums[row] = sum == 0.f ? 0.f : top + logf(sum);
        }
    }
}

/// What the backward pass reads besides.
template <class T> struct Results {
    const T *dy, *y;
    const float* log_sums;
};

/// Of one pair of query and key: what its value and its key (query) are weighed with in dv, and in dq (dk).
struct Pull {
    float value, score;
};

/// With P the probability, m what dropout multiplies it with, and dP = m dy . v: P m, and P (dP - dy . y) / sqrt(depth).
template <class T>
__device__ Pull pull(const Rows<T>& r, const Results<T>& s, int64_t row, int64_t query, int64_t key, int j, float along) {
    const float p = expf(r.scale * dot(r.q + query, r.k + key, r.depth) - s.log_sums[row]);
    const float m = r.factor(row, j);
    return {p * m, p * (m * dot(s.dy + query, r.v + key, r.depth) - along) * r.scale};
}

template <class T> __global__ void query_gradient_v1(T* dq, Rows<T> r, Results<T> s, int64_t count) {
    for (int64_t row = first_row(); row < count; row += stride()) {
        const int i = static_cast<int>(row % r.queries), h = static_cast<int>(row / r.queries % r.heads);
        const int64_t b = row / r.queries / r.heads, at = r.query_at(b, h, i);
        const int visible = r.visible(i);
        const float along = dot(s.dy + at, s.y + at, r.depth);
        for (int column = lane(); column - lane() < r.depth; column += COLUMNS) {
            float sums[EACH] = {};
            for (int j = 0; j < visible; j += WARP_SIZE) {
                const int key = j + lane();
                Pull weight = {0.f, 0.f};
                if (key < visible && r.sees(b, i, key)) weight = pull(r, s, row, at, r.key_at(b, h, key), key, along);
                add_rows(sums, weight.score, r.k + r.key_at(b, h, j), r.width(), min(WARP_SIZE, visible - j), column, r.depth);
            }
            store(dq + at, sums, 1.f, column, r.depth);
        }
    }
}

template <class T> __global__ void key_gradient_v1(T* dk, T* dv, Rows<T> r, Results<T> s, int64_t count) {
    for (int64_t row = first_row(); row < count; row += stride()) {  // of keys
        const int j = static_cast<int>(row % r.keys), h = static_cast<int>(row / r.keys % r.heads);
        const int64_t b = row / r.keys / r.heads, at = r.key_at(b, h, j), head = (b * r.heads + h) * r.queries;
        for (int column = lane(); column - lane() < r.depth; column += COLUMNS) {
            float keys[EACH] = {}, values[EACH] = {};
            for (int i = r.first_query(j); i < r.queries; i += WARP_SIZE) {
                const int query = i + lane();
                Pull weight = {0.f, 0.f};
                if (query < r.queries && r.sees(b, query, j)) {
                    const int64_t from = r.query_at(b, h, query);
                    weight = pull(r, s, head + query, from, at, j, dot(s.dy + from, s.y + from, r.depth));
                }
                const int64_t first = r.query_at(b, h, i);
                const int some = min(WARP_SIZE, r.queries - i);
                add_rows(values, weight.value, s.dy + first, r.width(), some, column, r.depth);
                add_rows(keys, weight.score, r.q + first, r.width(), some, column, r.depth);
            }
            store(dk + at, keys, 1.f, column, r.depth);
            store(dv + at, values, 1.f, column, r.depth);
        }
    }
}
}  // namespace

void launch_forward_plain(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    const int64_t count = o.batch * o.heads * o.queries;
    KN_FLOATING(o.dtype, T, LAUNCH((forward_v1<T>), blocks_for(count, WARPS), THREADS, 0, stream_of(stream), address<T>(y),
                                   address<float>(log_sums), rows_of<T>(o), count));
}

void launch_gradient_plain(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr y, kn_dptr log_sums, const Operands& o,
                           kn_handle stream) {
    const int64_t of_queries = o.batch * o.heads * o.queries, of_keys = o.batch * o.heads * o.keys;
    KN_FLOATING(o.dtype, T, {
        const Results<T> results{address<const T>(dy), address<const T>(y), address<const float>(log_sums)};
        if (of_queries > 0) {
            LAUNCH((query_gradient_v1<T>), blocks_for(of_queries, WARPS), THREADS, 0, stream_of(stream), address<T>(dq), rows_of<T>(o),
                   results, of_queries);
        }
        if (of_keys > 0) {
            LAUNCH((key_gradient_v1<T>), blocks_for(of_keys, WARPS), THREADS, 0, stream_of(stream), address<T>(dk), address<T>(dv),
                   rows_of<T>(o), results, of_keys);
        }
    });
}
}  // namespace kn::attention
