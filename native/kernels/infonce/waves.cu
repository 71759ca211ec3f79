// InfoNCE against a queue for rows of any width and type, and so for those that neither tensor.cu nor registers.cu takes: the queue in
// waves, whose scores are made by the matrix products of matmul and are few enough to stay in the L2 cache until they have been summed up
// and, for the gradient, have weighed the queue's rows, which can be in that cache as well. Each row has one block, which goes on where the
// wave before left it.
#include "../matmul/matmul.h"
#include "parts.h"
#include "variants.h"

namespace kn::infonce {
namespace {
constexpr int64_t SCORES = int64_t{1} << 21;  // of a wave: 8 MB
constexpr int64_t WIDEST = 4096;              // keys of a wave at most

int64_t wave_of(int64_t rows, int64_t capacity) {
    const int64_t fitting = SCORES / rows / 64 * 64, keys = fitting < 64 ? 64 : fitting > WIDEST ? WIDEST : fitting;
    return keys < capacity ? keys : capacity;
}

// products[rows][keys] of the wave of the queue from key `first` on. Where weights are not null they become exponentials, times 2^-top of
// their row, in place where T is float, and what was pulled before is brought to that top.
template <class T>
__global__ void sum_wave_v3(Part* parts, T* weights, float* pulled, const float* products, const float* positives, Queue<T> c, int first,
                            int keys, float bound) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    __shared__ int above;
    const int n = counted(c.count, c.rows);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        const int64_t at = static_cast<int64_t>(row) * keys;
        if (row >= n) {
            for (int j = static_cast<int>(threadIdx.x); weights != nullptr && j < keys; j += THREADS) weights[at + j] = from_float<T>(0.f);
            continue;
        }
        if (threadIdx.x == 0) above = 0;
        __syncthreads();  // the counter is 0
        const float positive = positives[row] * LOG2_E, base2 = c.inverse * LOG2_E;
        const Part before = first == 0 ? Part{fmaxf(positive, bound), 0.f, 0} : parts[row];
        const int owner = c.owner(row);
        const auto score = [&](int j) { return c.is_own(owner, first + j) ? -INFINITY : base2 * products[at + j]; };
        float top = before.top;
        if (bound == -INFINITY) {
            for (int j = static_cast<int>(threadIdx.x); j < keys; j += THREADS) top = fmaxf(top, score(j));
            top = block_reduce<Maximum, THREADS>(top, scratch);
        }
        float sum = 0.f;
        int higher = 0;
        for (int j = static_cast<int>(threadIdx.x); j < keys; j += THREADS) {
            const float s = score(j), weight = exp2f(s - top);
            higher += s > positive;
            sum += weight;
            if (weights != nullptr) weights[at + j] = from_float<T>(weight);
        }
        atomicAdd(&above, higher);
        sum = block_reduce<Sum, THREADS>(sum, scratch);  // has a barrier, so that all have counted
        const float shrink = exp2f(before.top - top);
        if (threadIdx.x == 0) parts[row] = {top, before.sum * shrink + sum, before.above + above};
        if (weights != nullptr && first > 0 && shrink != 1.f) {
            float* const sums = pulled + static_cast<int64_t>(row) * c.width;
            for (int i = static_cast<int>(threadIdx.x); i < c.width; i += THREADS) sums[i] *= shrink;
        }
        __syncthreads();  // before the counter is set to 0 again
    }
}

kn_status multiply(kn_dptr y, const matmul::Product& p, kn_dptr residual, kn_handle stream) {
    return matmul::multiply(0, y, p, 0, 0, residual, KN_ACTIVATION_NONE, KN_F32, stream);
}
}  // namespace

// products, weights
int64_t wave_bytes(int64_t rows, int64_t capacity, kn_dtype dtype, bool pulls) {
    const int64_t scores = rows * wave_of(rows, capacity);
    return aligned(4 * scores) + (pulls && dtype == KN_BF16 ? 2 * scores : 0);
}

kn_status launch_waves(const Workspace& w, kn_dptr pulled, const Contrast& c, kn_handle stream) {
    const int64_t wave = wave_of(c.rows, c.capacity);
    const kn_dptr products = w.own, apart = products + static_cast<kn_dptr>(aligned(4 * c.rows * wave));
    const kn_dptr weights = pulled == 0 ? 0 : c.dtype == KN_BF16 ? apart : products;
    for (int64_t first = 0; first < c.capacity; first += wave) {
        const int64_t keys = c.capacity - first < wave ? c.capacity - first : wave;
        const kn_dptr part = c.queue + static_cast<kn_dptr>(first * c.width * size_of(c.dtype));
        kn_status status = multiply(products, {c.q, part, 1, c.rows, keys, c.width, false, true, c.dtype}, 0, stream);
        if (status != KN_OK) return status;
        KN_FLOATING(c.dtype, T, LAUNCH((sum_wave_v3<T>), blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<Part>(w.parts),
                                       address<T>(weights), address<float>(pulled), address<const float>(products),
                                       address<const float>(w.positives), queue_of<T>(c), static_cast<int>(first), static_cast<int>(keys),
                                       bound_of(c)));
        if (pulled == 0) continue;
        status = multiply(pulled, {weights, part, 1, c.rows, c.width, keys, false, false, c.dtype}, first == 0 ? 0 : pulled, stream);
        if (status != KN_OK) return status;
    }
    return KN_OK;
}
}  // namespace kn::infonce
