// InfoNCE against a queue: the plain kernels, and the choice of variants.
#include "../../runtime/fault.h"
#include "parts.h"
#include "variants.h"

namespace kn::infonce {
namespace {
__global__ void mean_v1(float* loss, Fault* fault, const float* terms, int rows, const int32_t* count, int by) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const int n = counted(count, rows);
    float sum = 0.f;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += THREADS) sum += terms[i];
    sum = block_reduce<Sum, THREADS>(sum, scratch);
    if (threadIdx.x == 0) *loss = n == 0 ? NAN : sum / static_cast<float>(count == nullptr ? by : n);
    if (threadIdx.x == 0 && n == 0) report(fault, *count);
}

template <class T> __global__ void loss_v1(float* log_sums, int32_t* ranks, float* losses, Queue<T> c) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    __shared__ int above;
    const int n = counted(c.count, c.rows);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        if (row >= n) {
            if (threadIdx.x == 0) {
                log_sums[row] = 0.f;
                ranks[row] = -1;
            }
            continue;
        }
        if (threadIdx.x == 0) above = 0;
        __syncthreads();  // the counter is 0
        const T* q = c.q + static_cast<int64_t>(row) * c.width;
        const float positive = c.inverse * dot(q, c.k + static_cast<int64_t>(row) * c.width, c.width);
        const int owner = c.owner(row);
        ExpSum sum{threadIdx.x == 0 ? positive : -INFINITY, threadIdx.x == 0 ? 1.f : 0.f};
        int higher = 0;
        for (int64_t j = threadIdx.x; j < c.capacity; j += THREADS) {
            if (c.is_own(owner, j)) continue;
            const float score = c.inverse * dot(q, c.queue + j * c.width, c.width);
            higher += score > positive;
            sum.add(score);
        }
        atomicAdd(&above, higher);
        sum = sum.of_block<THREADS>(scratch);  // has a barrier, so that all have counted
        if (threadIdx.x == 0) {
            log_sums[row] = sum.top + logf(sum.sum);
            losses[row] = sum.top - positive + logf(sum.sum);
            ranks[row] = above;
        }
        __syncthreads();  // before the counter is set to 0 again
    }
}

// With p the softmax of a row's scores and s = dloss / (temperature n): dq = s (sum_j p_j queue_j - m k) and dk = -s m q, where m = sum_j
// p_j over the queue is 1 - p_0 without its cancellation.
template <class T> __global__ void gradient_v1(float* dq, float* dk, const float* dloss, const float* log_sums, Queue<T> c) {
    __shared__ float scratch[THREADS / WARP_SIZE], weights[THREADS];
    const int n = counted(c.count, c.rows);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        const int64_t at = static_cast<int64_t>(row) * c.width;
        if (row >= n) {
            for (int i = static_cast<int>(threadIdx.x); i < c.width; i += THREADS) dq[at + i] = dk[at + i] = 0.f;
            continue;
        }
        const int owner = c.owner(row);
        const auto weight = [&](int64_t j) {
            return c.is_own(owner, j) ? 0.f : expf(c.inverse * dot(c.q + at, c.queue + j * c.width, c.width) - log_sums[row]);
        };
        const float each = *dloss * c.inverse / static_cast<float>(n);
        for (int first = 0; first < c.width; first += COLUMNS) {
            const int column = first + static_cast<int>(threadIdx.x);
            float sums[EACH] = {};
            const float part = add_weighted(sums, weights, c.queue, c.capacity, c.width, column, weight);
            const float negatives = block_reduce<Sum, THREADS>(part, scratch);
#pragma unroll
            for (int e = 0; e < EACH; ++e) {
                const int i = column + e * THREADS;
                if (i >= c.width) break;
                dq[at + i] = each * (sums[e] - negatives * to_float(c.k[at + i]));
                dk[at + i] = -each * negatives * to_float(c.q[at + i]);
            }
        }
    }
}

kn_status check(const char* what, const Contrast& c) {
    KN_REQUIRE(c.rows >= 0 && c.width > 0 && c.capacity >= 0 && c.rows < LIMIT && c.width < LIMIT - COLUMNS && c.capacity < LIMIT,
               "infonce.%s: sizes are 0 to 2^31 - 1, got rows = %lld, width = %lld, capacity = %lld", what, of(c.rows), of(c.width),
               of(c.capacity));
    KN_REQUIRE(is_floating(c.dtype), "infonce.%s computes in f32 and bf16, not in %s", what, dtype_name(c.dtype));
    KN_REQUIRE(c.temperature > 0, "infonce.%s: the temperature is positive, got %g", what, c.temperature);
    KN_REQUIRE((c.owners == 0) == (c.queue_owners == 0), "infonce.%s: owners of the rows and of the queue go together", what);
    return KN_OK;
}

/// Below, the two launches of the plain variant are expected to take less time than the four or more of the others.
constexpr int64_t FEW_KEYS = 512;

bool takes(int variant, int64_t width, int64_t capacity, kn_dtype dtype) {
    if (variant == 2) return is_for_tensor_cores(width, capacity, dtype);
    return variant != 4 || is_for_registers(width, capacity, dtype);
}

/// The variant that the C interface uses.
int promoted(int64_t width, int64_t capacity, kn_dtype dtype, bool pulls) {
    if (takes(2, width, capacity, dtype)) return 2;
    if (!pulls && capacity <= FEW_KEYS) return 1;
    return takes(4, width, capacity, dtype) ? 4 : 3;
}

kn_status choose(const char* what, const Contrast& c, bool pulls, int* variant) {
    if (*variant == 0) *variant = promoted(c.width, c.capacity, c.dtype, pulls);
    if (!takes(*variant, c.width, c.capacity, c.dtype)) {
        return refuse(KN_UNSUPPORTED, "infonce.%s v%d takes a queue of %s, got width = %lld, capacity = %lld, %s", what, *variant,
                      *variant == 2 ? "bf16 and widths up to 256, multiples of 8" : "f32 and widths up to 256", of(c.width), of(c.capacity),
                      dtype_name(c.dtype));
    }
    if (*variant == 1 && pulls) return refuse(KN_UNSUPPORTED, "infonce.%s v1 computes the loss alone", what);
    KN_REQUIRE(*variant >= 1 && *variant <= VARIANTS, "infonce.%s: there is no variant %d", what, *variant);
    return KN_OK;
}

/// How many parts the queue is split into.
int64_t splits_of(int variant, int64_t rows, int64_t width, int64_t capacity, bool pulls) {
    if (variant == 2) return tensor_splits(rows, width, capacity, pulls);
    if (variant == 4) return register_splits(rows, width, capacity);
    return capacity > 0 ? 1 : 0;
}

/// Of the variants that pass over the queue once.
kn_status pass(int variant, const Outcome& o, const Contrast& c, kn_dptr workspace, kn_handle stream) {
    const bool pulls = o.pulled != 0;
    const int64_t splits = splits_of(variant, c.rows, c.width, c.capacity, pulls);
    Workspace w(workspace, c.rows, splits);
    if (c.positives == 0) {
        launch_positives(w.positives, c, stream);
    } else {
        w.positives = c.positives;
    }
    const kn_dptr sums = !pulls ? 0 : variant == 3 ? o.pulled : w.own;
    if (variant == 2) {
        launch_tensor(w, sums, c, stream);
    } else if (variant == 4) {
        launch_registers(w, sums, c, stream);
    } else {
        const kn_status status = launch_waves(w, sums, c, stream);
        if (status != KN_OK) return status;
    }
    launch_finish(o, w, sums, c, splits, stream);
    return KN_OK;
}

kn_status outcome(const char* what, int variant, const Contrast& c) {
    return launched("infonce.%s v%d, rows = %lld, width = %lld, capacity = %lld", what, variant, of(c.rows), of(c.width), of(c.capacity));
}
}  // namespace

void launch_mean(kn_dptr loss, kn_dptr fault, kn_dptr terms, int64_t rows, kn_dptr count, int64_t by, kn_handle stream) {
    LAUNCH(mean_v1, 1, THREADS, 0, stream_of(stream), address<float>(loss), address<Fault>(fault), address<const float>(terms),
           static_cast<int>(rows), address<const int32_t>(count), static_cast<int>(by));
}

int64_t workspace_bytes(int variant, int64_t rows, int64_t width, int64_t capacity, kn_dtype dtype, bool pulls) {
    if (rows < 1 || width < 1 || capacity < 0 || !takes(variant, width, capacity, dtype)) return 0;
    if (variant == 0) variant = promoted(width, capacity, dtype, pulls);
    if (variant == 1) return aligned(4 * rows);  // the losses
    const int64_t splits = splits_of(variant, rows, width, capacity, pulls);
    const int64_t own = variant == 3 ? wave_bytes(rows, capacity, dtype, pulls) : pulls ? 4 * splits * rows * width : 0;
    return Workspace::bytes(rows, splits) + aligned(own);
}

kn_status loss(int variant, const Outcome& o, const Contrast& c, kn_dptr workspace, kn_handle stream) {
    const char* const what = o.pulled != 0 ? "one_pass" : "loss";
    kn_status status = check(what, c);
    if (status != KN_OK || c.rows == 0) return status;
    status = choose(what, c, o.pulled != 0, &variant);
    if (status != KN_OK) return status;
    if (variant > 1) {
        status = pass(variant, o, c, workspace, stream);
        return status != KN_OK ? status : outcome(what, variant, c);
    }
    KN_FLOATING(c.dtype, T, LAUNCH((loss_v1<T>), blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<float>(o.log_sums),
                                   address<int32_t>(o.ranks), address<float>(workspace), queue_of<T>(c)));
    launch_mean(o.loss, c.fault, workspace, c.rows, c.count, c.rows, stream);
    return outcome(what, variant, c);
}

kn_status pairs(kn_dptr positives, const Raw& of_q, const Raw& of_k, const Contrast& c, kn_handle stream) {
    const kn_status status = check("pairs", c);
    if (status != KN_OK || c.rows == 0) return status;
    launch_pairs(positives, of_q, of_k, c, stream);
    return outcome("pairs", 2, c);
}

kn_status pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Raw& of_q, const Contrast& c,
               kn_handle stream) {
    const kn_status status = check("pull", c);
    if (status != KN_OK || c.rows == 0) return status;
    launch_pull(dq, dk, dloss, pulled, negatives, of_q, c, stream);
    return outcome("pull", 2, c);
}

kn_status gradient(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_handle stream) {
    const kn_status status = check("gradient", c);
    if (status != KN_OK || c.rows == 0) return status;
    KN_FLOATING(c.dtype, T, LAUNCH((gradient_v1<T>), blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<float>(dq),
                                   address<float>(dk), address<const float>(dloss), address<const float>(log_sums), queue_of<T>(c)));
    return outcome("gradient", 1, c);
}
}  // namespace kn::infonce

using namespace kn;

extern "C" {

kn_status kn_infonce_pairs(kn_dptr positives, kn_dptr q, kn_dptr k, kn_dptr q_unit, kn_dptr q_norms, kn_dptr q_raw, double q_epsilon,
                           kn_dptr k_unit, kn_dptr k_norms, kn_dptr k_raw, double k_epsilon, int64_t rows, int64_t width,
                           double temperature, kn_dtype dtype, kn_handle stream) {
    return infonce::pairs(positives, {q_raw, q_unit, q_norms, q_epsilon}, {k_raw, k_unit, k_norms, k_epsilon},
                          {q, k, 0, 0, 0, 0, rows, width, 0, temperature, false, dtype}, stream);
}

kn_status kn_infonce_loss(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr fault, kn_dptr q, kn_dptr k, kn_dptr queue,
                          kn_dptr positives, kn_dptr count, kn_dptr owners, kn_dptr queue_owners, int64_t rows, int64_t width,
                          int64_t capacity, double temperature, int32_t unit_length, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return infonce::loss(0, {loss, log_sums, ranks},
                         {q, k, queue, count, owners, queue_owners, rows, width, capacity, temperature, unit_length != 0, dtype, fault,
                          positives},
                         workspace, stream);
}

int64_t kn_infonce_loss_workspace(int64_t rows, int64_t width, int64_t capacity, kn_dtype dtype) {
    return infonce::workspace_bytes(0, rows, width, capacity, dtype, false);
}

kn_status kn_infonce_one_pass(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr fault, kn_dptr pulled, kn_dptr negatives, kn_dptr q,
                              kn_dptr k, kn_dptr queue, kn_dptr positives, kn_dptr count, kn_dptr owners, kn_dptr queue_owners,
                              int64_t rows, int64_t width, int64_t capacity, double temperature, int32_t unit_length, kn_dtype dtype,
                              kn_dptr workspace, kn_handle stream) {
    return infonce::loss(0, {loss, log_sums, ranks, pulled, negatives},
                         {q, k, queue, count, owners, queue_owners, rows, width, capacity, temperature, unit_length != 0, dtype, fault,
                          positives},
                         workspace, stream);
}

int64_t kn_infonce_one_pass_workspace(int64_t rows, int64_t width, int64_t capacity, kn_dtype dtype) {
    return infonce::workspace_bytes(0, rows, width, capacity, dtype, true);
}

kn_status kn_infonce_pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, kn_dptr q, kn_dptr k, kn_dptr count,
                          kn_dptr unit, kn_dptr norms, double epsilon, int64_t rows, int64_t width, double temperature, kn_dtype dtype,
                          kn_handle stream) {
    return infonce::pull(dq, dk, dloss, pulled, negatives, {0, unit, norms, epsilon},
                         {q, k, 0, count, 0, 0, rows, width, 0, temperature, false, dtype}, stream);
}

kn_status kn_infonce_gradient(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr q, kn_dptr k, kn_dptr queue, kn_dptr log_sums, kn_dptr count,
                              kn_dptr owners, kn_dptr queue_owners, int64_t rows, int64_t width, int64_t capacity, double temperature,
                              kn_dtype dtype, kn_handle stream) {
    return infonce::gradient(dq, dk, dloss, log_sums,
                             {q, k, queue, count, owners, queue_owners, rows, width, capacity, temperature, false, dtype}, stream);
}

}  // extern "C"
