// InfoNCE within a batch, both ways: a block for each row; or from tables of the products of all pairs, which matmul makes.
#include "../matmul/matmul.h"
#include "normal.h"
#include "rows.h"

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
// exp(s_ij - log a_i) + exp(s_ij - log b_j), less 2 where j = i, and of the other a_j exp(s_ij - log a_i) + exp(s_ij - log a_j). Then
// through the normalisations, where norms are given.
template <class T>
__global__ void batch_gradient_v1(float* da, float* db, const float* dloss, const float* log_sums, Both<T> both, Normal of_a, Normal of_b) {
    __shared__ float weights[THREADS], scratch[THREADS / WARP_SIZE];
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
        const Normal normal = row < p.rows ? of_a : of_b;
        if (normal.norms != nullptr) normal.back(gradient, i, p.width, scratch, [&](int column) { return gradient[column]; });
    }
}

// One way: across[rows][rows] and within[rows][rows] are the products of the rows of a view with those of the other and its own.
__global__ void batch_loss_v2(float* log_sums, float* losses, const float* across, const float* within, int rows, float inverse) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    for (int row = static_cast<int>(blockIdx.x); row < rows; row += static_cast<int>(gridDim.x)) {
        const int64_t at = static_cast<int64_t>(row) * rows;
        ExpSum sum{-INFINITY, 0.f};
        for (int j = static_cast<int>(threadIdx.x); j < rows; j += THREADS) {
            sum.add(inverse * across[at + j]);
            if (j != row) sum.add(inverse * within[at + j]);
        }
        sum = sum.of_block<THREADS>(scratch);
        if (threadIdx.x == 0) {
            log_sums[row] = sum.top + logf(sum.sum);
            losses[row] = sum.top - inverse * across[at + row] + logf(sum.sum);
        }
    }
}

// Products to what rows are weighed with, as above; in place where T is float.
template <class T>
__global__ void weigh_pairs_v2(T* weights_across, T* weights_within, const float* across, const float* within, const float* dloss,
                               const float* logs, const float* other_logs, int rows, float inverse) {
    const float each = *dloss * inverse / static_cast<float>(rows);
    const int64_t step = static_cast<int64_t>(gridDim.x) * THREADS, pairs = static_cast<int64_t>(rows) * rows;
    for (int64_t at = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; at < pairs; at += step) {
        const int64_t i = at / rows, j = at % rows;
        const float s = inverse * across[at], t = inverse * within[at];
        const float over = i == j ? expm1f(s - logs[i]) + expm1f(s - other_logs[j]) : expf(s - logs[i]) + expf(s - other_logs[j]);
        weights_across[at] = from_float<T>(each * over);
        weights_within[at] = from_float<T>(i == j ? 0.f : each * (expf(t - logs[i]) + expf(t - logs[j])));
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
/// Where the tables of one way lie in the workspace, behind the losses; weights are the tables themselves where they are float.
struct Tables {
    kn_dptr across, within, weights_across, weights_within;
    int64_t bytes;

    Tables(const Views& v, kn_dptr workspace) {
        const int64_t pairs = ceil_div(v.rows * v.rows, 8) * 8, losses = ceil_div(2 * v.rows * 4, 16) * 16;
        const auto at = [&](int64_t offset) { return workspace + static_cast<kn_dptr>(losses + offset); };
        across = at(0);
        within = at(4 * pairs);
        const bool apart = v.dtype == KN_BF16;
        weights_across = apart ? at(8 * pairs) : across;
        weights_within = apart ? at(10 * pairs) : within;
        bytes = losses + (apart ? 12 : 8) * pairs;
    }

    /// Makes the products.
    kn_status multiply(const Views& v, kn_dptr mine, kn_dptr other, kn_handle stream) const {
        const kn_status status = matmul::multiply(0, across, {mine, other, 1, v.rows, v.rows, v.width, false, true, v.dtype}, 0, 0, 0,
                                                  KN_ACTIVATION_NONE, KN_F32, stream);
        if (status != KN_OK) return status;
        return matmul::multiply(0, within, {mine, mine, 1, v.rows, v.rows, v.width, false, true, v.dtype}, 0, 0, 0, KN_ACTIVATION_NONE,
                                KN_F32, stream);
    }

    /// gradient = weights times rows.
    kn_status add_weighted(const Views& v, kn_dptr gradient, kn_dptr mine, kn_dptr other, kn_handle stream) const {
        const kn_status status = matmul::multiply(0, gradient, {weights_across, other, 1, v.rows, v.width, v.rows, false, false, v.dtype},
                                                  0, 0, 0, KN_ACTIVATION_NONE, KN_F32, stream);
        if (status != KN_OK) return status;
        return matmul::multiply(0, gradient, {weights_within, mine, 1, v.rows, v.width, v.rows, false, false, v.dtype}, 0, 0, gradient,
                                KN_ACTIVATION_NONE, KN_F32, stream);
    }
};

kn_status loss_by_tables(kn_dptr log_sums, const Views& v, kn_dptr workspace, kn_handle stream) {
    const Tables tables(v, workspace);
    for (int way = 0; way < 2; ++way) {
        const kn_status status = tables.multiply(v, way == 0 ? v.a : v.b, way == 0 ? v.b : v.a, stream);
        if (status != KN_OK) return status;
        const kn_dptr of_way = static_cast<kn_dptr>(way * v.rows * 4);
        LAUNCH(batch_loss_v2, blocks_for(v.rows, 1), THREADS, 0, stream_of(stream), address<float>(log_sums + of_way),
               address<float>(workspace + of_way), address<const float>(tables.across), address<const float>(tables.within),
               static_cast<int>(v.rows), static_cast<float>(1 / v.temperature));
    }
    return KN_OK;
}

kn_status gradient_by_tables(kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr log_sums, const Raw& of_a, const Raw& of_b, const Views& v,
                             kn_dptr workspace, kn_handle stream) {
    const Tables tables(v, workspace);
    for (int way = 0; way < 2; ++way) {
        const kn_dptr gradient = way == 0 ? da : db;
        const Raw& raw = way == 0 ? of_a : of_b;
        const kn_dptr mine = way == 0 ? v.a : v.b, other = way == 0 ? v.b : v.a, of_way = static_cast<kn_dptr>(way * v.rows * 4);
        const kn_status status = tables.multiply(v, mine, other, stream);
        if (status != KN_OK) return status;
        const kn_dptr logs = log_sums + of_way, other_logs = log_sums + (static_cast<kn_dptr>(v.rows * 4) - of_way);
        KN_FLOATING(v.dtype, T, LAUNCH((weigh_pairs_v2<T>), blocks_for(v.rows * v.rows, THREADS), THREADS, 0, stream_of(stream),
                                       address<T>(tables.weights_across), address<T>(tables.weights_within),
                                       address<const float>(tables.across), address<const float>(tables.within),
                                       address<const float>(dloss), address<const float>(logs), address<const float>(other_logs),
                                       static_cast<int>(v.rows), static_cast<float>(1 / v.temperature)));
        const kn_status added = tables.add_weighted(v, gradient, mine, other, stream);
        if (added != KN_OK) return added;
        if (raw.norms == 0) continue;
        const kn_status back = normalize_gradient(0, gradient, gradient, raw.unit, raw.norms, v.rows, v.width, raw.epsilon, KN_F32, stream);
        if (back != KN_OK) return back;
    }
    return KN_OK;
}

/// Larger batches than that would take more memory for their tables than anything else of a step.
constexpr int64_t MOST_ROWS = 4096, FEW_ROWS = 64;

kn_status choose(const char* what, const Views& v, int* variant) {
    if (*variant == 0) *variant = v.rows > FEW_ROWS && v.rows <= MOST_ROWS ? 2 : 1;
    if (*variant == 2 && v.rows > MOST_ROWS) return refuse(KN_UNSUPPORTED, "infonce.%s v2 takes up to %lld rows", what, of(MOST_ROWS));
    KN_REQUIRE(*variant >= 1 && *variant <= BATCH_VARIANTS, "infonce.%s: there is no variant %d", what, *variant);
    return KN_OK;
}
}  // namespace

kn_status batch_loss(int variant, kn_dptr loss, kn_dptr log_sums, const Views& v, kn_dptr workspace, kn_handle stream) {
    kn_status status = check("batch_loss", v);
    if (status != KN_OK || v.rows == 0) return status;
    status = choose("batch_loss", v, &variant);
    if (status != KN_OK) return status;
    if (variant == 2) {
        status = loss_by_tables(log_sums, v, workspace, stream);
        if (status != KN_OK) return status;
    } else {
        KN_FLOATING(v.dtype, T, LAUNCH((batch_loss_v1<T>), blocks_for(2 * v.rows, 1), THREADS, 0, stream_of(stream),
                                       address<float>(log_sums), address<float>(workspace), both_of<T>(v)));
    }
    launch_mean(loss, 0, workspace, 2 * v.rows, 0, v.rows, stream);
    return outcome("batch_loss", variant, v);
}

kn_status batch_gradient(int variant, kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr log_sums, const Raw& of_a, const Raw& of_b,
                         const Views& v, kn_dptr workspace, kn_handle stream) {
    kn_status status = check("batch_gradient", v);
    if (status != KN_OK || v.rows == 0) return status;
    status = choose("batch_gradient", v, &variant);
    if (status != KN_OK) return status;
    if (variant == 2) {
        status = gradient_by_tables(da, db, dloss, log_sums, of_a, of_b, v, workspace, stream);
        if (status != KN_OK) return status;
    } else {
        KN_FLOATING(v.dtype, T, LAUNCH((batch_gradient_v1<T>), blocks_for(2 * v.rows, 1), THREADS, 0, stream_of(stream), address<float>(da),
                                       address<float>(db), address<const float>(dloss), address<const float>(log_sums), both_of<T>(v),
                                       Normal(of_a), Normal(of_b)));
    }
    return outcome("batch_gradient", variant, v);
}
}  // namespace kn::infonce

using namespace kn;

extern "C" {

kn_status kn_infonce_batch_loss(kn_dptr loss, kn_dptr log_sums, kn_dptr a, kn_dptr b, int64_t rows, int64_t width, double temperature,
                                kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return infonce::batch_loss(0, loss, log_sums, {a, b, rows, width, temperature, dtype}, workspace, stream);
}

int64_t kn_infonce_batch_loss_workspace(int64_t rows, int64_t width, kn_dtype dtype) {
    return rows > infonce::MOST_ROWS ? rows * 8 : infonce::Tables({0, 0, rows, width, 1, dtype}, 0).bytes;
}

kn_status kn_infonce_batch_gradient(kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr a, kn_dptr b, kn_dptr log_sums, kn_dptr a_unit,
                                    kn_dptr a_norms, double a_epsilon, kn_dptr b_unit, kn_dptr b_norms, double b_epsilon, int64_t rows,
                                    int64_t width, double temperature, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return infonce::batch_gradient(0, da, db, dloss, log_sums, {0, a_unit, a_norms, a_epsilon}, {0, b_unit, b_norms, b_epsilon},
                                   {a, b, rows, width, temperature, dtype}, workspace, stream);
}

int64_t kn_infonce_batch_gradient_workspace(int64_t rows, int64_t width, kn_dtype dtype) {
    return kn_infonce_batch_loss_workspace(rows, width, dtype);
}

}  // extern "C"
