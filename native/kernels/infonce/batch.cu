// InfoNCE within a batch, both ways: a block for each row.
#include "scores.h"

namespace kn::infonce {
namespace {
/// One of the views and the other.
template <class T> struct Pair {
    const T *mine, *other;
    int rows, width;
    float inverse;

    __device__ float score(const T* row, int64_t i, int64_t j) const { return inverse * dot(mine + i * width, row + j * width, width); }
};

template <class T> struct Both {
    const T *a, *b;
    int rows, width;
    float inverse;

    /// The view that row 0 to 2 rows - 1 is of.
    __device__ Pair<T> of(int row) const { return row < rows ? Pair<T>{a, b, rows, width, inverse} : Pair<T>{b, a, rows, width, inverse}; }
};

template <class T> __global__ void batch_loss_v1(float* log_sums, float* losses, Both<T> both) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    for (int row = static_cast<int>(blockIdx.x); row < 2 * both.rows; row += static_cast<int>(gridDim.x)) {
        const Pair<T> p = both.of(row);
        const int i = row % p.rows;
        ExpSum sum{-INFINITY, 0.f};
        for (int j = static_cast<int>(threadIdx.x); j < p.rows; j += THREADS) {
            sum.add(p.score(p.other, i, j));
            if (j != i) sum.add(p.score(p.mine, i, j));
        }
        sum = sum.template of_block<THREADS>(scratch);
        if (threadIdx.x == 0) {
            log_sums[row] = sum.top + logf(sum.sum);
            losses[row] = sum.top - p.score(p.other, i, i) + logf(sum.sum);
        }
    }
}

// Each pair of rows is a term of both rows' sums, so that row i of a gets, over dloss / (temperature rows), of b_j
// exp(s_ij - log a_i) + exp(s_ij - log b_j), less 2 where j = i, and of the other a_j exp(s_ij - log a_i) + exp(s_ij - log a_j).
template <class T> __global__ void batch_gradient_v1(float* da, float* db, const float* dloss, const float* log_sums, Both<T> both) {
    __shared__ float weights[THREADS];
    for (int row = static_cast<int>(blockIdx.x); row < 2 * both.rows; row += static_cast<int>(gridDim.x)) {
        const Pair<T> p = both.of(row);
        const int i = row % p.rows;
        const float* logs = log_sums + (row - i);
        const float* other_logs = log_sums + (p.rows - (row - i));
        const auto across = [&](int64_t j) {
            const float s = p.score(p.other, i, j);
            return j == i ? expm1f(s - logs[i]) + expm1f(s - other_logs[j]) : expf(s - logs[i]) + expf(s - other_logs[j]);
        };
        const auto within = [&](int64_t j) {
            const float s = p.score(p.mine, i, j);
            return j == i ? 0.f : expf(s - logs[i]) + expf(s - logs[j]);
        };
        float* gradient = (row < p.rows ? da : db) + static_cast<int64_t>(i) * p.width;
        const float each = *dloss * p.inverse / static_cast<float>(p.rows);
        for (int first = 0; first < p.width; first += COLUMNS) {
            const int column = first + static_cast<int>(threadIdx.x);
            float sums[EACH] = {};
            add_weighted(sums, weights, p.other, p.rows, p.width, column, across);
            add_weighted(sums, weights, p.mine, p.rows, p.width, column, within);
#pragma unroll
            for (int e = 0; e < EACH; ++e) {
                if (column + e * THREADS < p.width) gradient[column + e * THREADS] = each * sums[e];
            }
        }
    }
}

kn_status check(const char* what, const Views& v) {
    KN_REQUIRE(v.rows >= 0 && v.width > 0 && v.rows < LIMIT / 2 && v.width < LIMIT - COLUMNS,
               "infonce.%s: sizes are 0 to 2^30 - 1, got rows = %lld, width = %lld", what, of(v.rows), of(v.width));
    KN_REQUIRE(is_floating(v.dtype), "infonce.%s computes in f32 and bf16, not in %s", what, dtype_name(v.dtype));
    KN_REQUIRE(v.temperature > 0, "infonce.%s: the temperature is positive, got %g", what, v.temperature);
    return KN_OK;
}

template <class T> Both<T> both_of(const Views& v) {
    return {address<const T>(v.a), address<const T>(v.b), static_cast<int>(v.rows), static_cast<int>(v.width),
            static_cast<float>(1 / v.temperature)};
}

kn_status outcome(const char* what, int variant, const Views& v) {
    return launched("infonce.%s v%d, rows = %lld, width = %lld", what, variant, of(v.rows), of(v.width));
}
}  // namespace

kn_status batch_loss(int variant, kn_dptr loss, kn_dptr log_sums, const Views& v, kn_dptr workspace, kn_handle stream) {
    const kn_status status = check("batch_loss", v);
    if (status != KN_OK || v.rows == 0) return status;
    if (variant == 0) variant = 1;
    if (variant != 1) return refuse(KN_UNSUPPORTED, "infonce.batch_loss: there is no variant %d", variant);
    KN_FLOATING(v.dtype, T, LAUNCH((batch_loss_v1<T>), blocks_for(2 * v.rows, 1), THREADS, 0, stream_of(stream), address<float>(log_sums),
                                   address<float>(workspace), both_of<T>(v)));
    launch_mean(loss, workspace, 2 * v.rows, 0, v.rows, stream);
    return outcome("batch_loss", variant, v);
}

kn_status batch_gradient(int variant, kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr log_sums, const Views& v, kn_dptr workspace,
                         kn_handle stream) {
    static_cast<void>(workspace);
    const kn_status status = check("batch_gradient", v);
    if (status != KN_OK || v.rows == 0) return status;
    if (variant == 0) variant = 1;
    if (variant != 1) return refuse(KN_UNSUPPORTED, "infonce.batch_gradient: there is no variant %d", variant);
    KN_FLOATING(v.dtype, T, LAUNCH((batch_gradient_v1<T>), blocks_for(2 * v.rows, 1), THREADS, 0, stream_of(stream), address<float>(da),
                                   address<float>(db), address<const float>(dloss), address<const float>(log_sums), both_of<T>(v)));
    return outcome("batch_gradient", variant, v);
}
}  // namespace kn::infonce

using namespace kn;

extern "C" {

kn_status kn_infonce_batch_loss(kn_dptr loss, kn_dptr log_sums, kn_dptr a, kn_dptr b, int64_t rows, int64_t width, double temperature,
                                kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return infonce::batch_loss(0, loss, log_sums, {a, b, rows, width, temperature, dtype}, workspace, stream);
}

int64_t kn_infonce_batch_loss_workspace(int64_t rows, int64_t, kn_dtype) { return rows * 8; }

kn_status kn_infonce_batch_gradient(kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr a, kn_dptr b, kn_dptr log_sums, int64_t rows,
                                    int64_t width, double temperature, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return infonce::batch_gradient(0, da, db, dloss, log_sums, {a, b, rows, width, temperature, dtype}, workspace, stream);
}

int64_t kn_infonce_batch_gradient_workspace(int64_t, int64_t, kn_dtype) { return 0; }

}  // extern "C"
