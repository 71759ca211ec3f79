// InfoNCE against a queue for rows of any width and type: the queue in waves, whose scores are made by the matrix products of matmul and
// stay in the L2 cache until they have been summed up. Each row has one block, which goes on where the wave before left it.
#include "../matmul/matmul.h"
#include "queue.h"
#include "variants.h"

namespace kn::infonce {
namespace {
constexpr int64_t SCORES = int64_t{1} << 21;  // of a wave: 8 MB
constexpr int64_t WIDEST = 4096;              // keys of a wave at most

int64_t wave_of(int64_t rows, int64_t capacity) {
    const int64_t fitting = SCORES / rows / 64 * 64, keys = fitting < 64 ? 64 : fitting > WIDEST ? WIDEST : fitting;
    return keys < capacity ? keys : capacity;
}

constexpr int64_t aligned(int64_t bytes) { return ceil_div(bytes, 16) * 16; }

/// Of a row: the sum of exponentials so far, its positive, and how many score higher.
struct State {
    float top, sum, positive;
    int32_t above;
};

template <class T> __global__ void start_v3(State* states, Queue<T> c) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    for (int64_t row = blockIdx.x; row < c.rows; row += gridDim.x) {
        float sum = 0.f;
        for (int i = static_cast<int>(threadIdx.x); i < c.width; i += THREADS) {
            sum += to_float(c.q[row * c.width + i]) * to_float(c.k[row * c.width + i]);
        }
        sum = block_reduce<Sum, THREADS>(sum, scratch) * c.inverse;
        if (threadIdx.x == 0) states[row] = {sum, 1.f, sum, 0};
    }
}

// products[rows][keys] of the wave of the queue from key `first` on
template <class T> __global__ void sum_wave_v3(State* states, const float* products, Queue<T> c, int first, int keys) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    __shared__ int above;
    const int n = counted(c.count, c.rows);
    for (int row = static_cast<int>(blockIdx.x); row < n; row += static_cast<int>(gridDim.x)) {
        if (threadIdx.x == 0) above = 0;
        __syncthreads();  // the counter is 0
        const State before = states[row];
        const int owner = c.owner(row);
        ExpSum sum{threadIdx.x == 0 ? before.top : -INFINITY, threadIdx.x == 0 ? before.sum : 0.f};
        int higher = 0;
        for (int j = static_cast<int>(threadIdx.x); j < keys; j += THREADS) {
            if (c.is_own(owner, first + j)) continue;
            const float score = c.inverse * products[static_cast<int64_t>(row) * keys + j];
            higher += score > before.positive;
            sum.add(score);
        }
        atomicAdd(&above, higher);
        sum = sum.of_block<THREADS>(scratch);  // has a barrier, so that all have counted
        if (threadIdx.x == 0) states[row] = {sum.top, sum.sum, before.positive, before.above + above};
        __syncthreads();  // before the counter is set to 0 again
    }
}

__global__ void finish_loss_v3(float* log_sums, int32_t* ranks, float* losses, const State* states, const int32_t* count, int rows) {
    const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (row >= rows) return;
    const bool counts = row < counted(count, rows);
    const State s = states[row];
    log_sums[row] = counts ? s.top + logf(s.sum) : 0.f;
    losses[row] = s.top - s.positive + logf(s.sum);
    ranks[row] = counts ? s.above : -1;
}

// products to probabilities, in another memory where T is bf16, else in place; negatives[rows]: the sums of these over all waves
template <class T>
__global__ void weigh_wave_v3(T* weights, float* negatives, const float* products, const float* log_sums, Queue<T> c, int first, int keys) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const int n = counted(c.count, c.rows);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        const int owner = row < n ? c.owner(row) : -1;
        const int64_t at = static_cast<int64_t>(row) * keys;
        float total = 0.f;
        for (int j = static_cast<int>(threadIdx.x); j < keys; j += THREADS) {
            const bool counts = row < n && !c.is_own(owner, first + j);
            const float p = counts ? expf(c.inverse * products[at + j] - log_sums[row]) : 0.f;
            weights[at + j] = from_float<T>(p);
            total += p;
        }
        total = block_reduce<Sum, THREADS>(total, scratch);
        if (threadIdx.x == 0) negatives[row] = first == 0 ? total : negatives[row] + total;
    }
}

// dq has the weighted sum of the queue
template <class T> __global__ void finish_gradient_v3(float* dq, float* dk, const float* dloss, const float* negatives, Queue<T> c) {
    const int n = counted(c.count, c.rows);
    const float each = n == 0 ? 0.f : *dloss * c.inverse / static_cast<float>(n);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        const float pull = row < n ? each * negatives[row] : 0.f;
        for (int i = static_cast<int>(threadIdx.x); i < c.width; i += THREADS) {
            const int64_t at = static_cast<int64_t>(row) * c.width + i;
            dq[at] = row < n ? each * dq[at] - pull * to_float(c.k[at]) : 0.f;
            dk[at] = row < n ? -pull * to_float(c.q[at]) : 0.f;
        }
    }
}

/// The products of all rows with a wave of the queue, in F32.
kn_status multiply_wave(kn_dptr products, const Contrast& c, int64_t first, int64_t keys, kn_handle stream) {
    const kn_dptr wave = c.queue + static_cast<kn_dptr>(first * c.width * size_of(c.dtype));
    return matmul::multiply(0, products, {c.q, wave, 1, c.rows, keys, c.width, false, true, c.dtype}, 0, 0, 0, KN_ACTIVATION_NONE, KN_F32,
                            stream);
}
}  // namespace

// losses, states, products
int64_t wave_loss_bytes(int64_t rows, int64_t capacity) {
    return aligned(4 * rows) + rows * static_cast<int64_t>(sizeof(State)) + 4 * rows * wave_of(rows, capacity);
}

// negatives, products, weights
int64_t wave_gradient_bytes(int64_t rows, int64_t capacity, kn_dtype dtype) {
    const int64_t scores = rows * wave_of(rows, capacity);
    return aligned(4 * rows) + aligned(4 * scores) + (dtype == KN_BF16 ? 2 * scores : 0);
}

kn_status launch_loss_waves(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, const Contrast& c, kn_dptr workspace, kn_handle stream) {
    const kn_dptr states = workspace + static_cast<kn_dptr>(aligned(4 * c.rows));
    const kn_dptr products = states + static_cast<kn_dptr>(c.rows) * sizeof(State);
    const int64_t wave = wave_of(c.rows, c.capacity);
    const unsigned blocks = blocks_for(c.rows, 1);
    KN_FLOATING(c.dtype, T, LAUNCH((start_v3<T>), blocks, THREADS, 0, stream_of(stream), address<State>(states), queue_of<T>(c)));
    for (int64_t first = 0; first < c.capacity; first += wave) {
        const int64_t keys = c.capacity - first < wave ? c.capacity - first : wave;
        const kn_status status = multiply_wave(products, c, first, keys, stream);
        if (status != KN_OK) return status;
        KN_FLOATING(c.dtype, T, LAUNCH((sum_wave_v3<T>), blocks, THREADS, 0, stream_of(stream), address<State>(states),
                                       address<const float>(products), queue_of<T>(c), static_cast<int>(first), static_cast<int>(keys)));
    }
    LAUNCH(finish_loss_v3, blocks_for(c.rows, THREADS, LIMIT), THREADS, 0, stream_of(stream), address<float>(log_sums),
           address<int32_t>(ranks), address<float>(workspace), address<const State>(states), address<const int32_t>(c.count),
           static_cast<int>(c.rows));
    launch_mean(loss, c.fault, workspace, c.rows, c.count, c.rows, stream);
    return KN_OK;
}

kn_status launch_gradient_waves(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_dptr workspace,
                                kn_handle stream) {
    const int64_t wave = wave_of(c.rows, c.capacity);
    const kn_dptr products = workspace + static_cast<kn_dptr>(aligned(4 * c.rows));
    const kn_dptr weights = c.dtype == KN_BF16 ? products + static_cast<kn_dptr>(aligned(4 * c.rows * wave)) : products;
    const unsigned blocks = blocks_for(c.rows, 1);
    for (int64_t first = 0; first < c.capacity; first += wave) {
        const int64_t keys = c.capacity - first < wave ? c.capacity - first : wave;
        kn_status status = multiply_wave(products, c, first, keys, stream);
        if (status != KN_OK) return status;
        KN_FLOATING(c.dtype, T, LAUNCH((weigh_wave_v3<T>), blocks, THREADS, 0, stream_of(stream), address<T>(weights),
                                       address<float>(workspace), address<const float>(products), address<const float>(log_sums),
                                       queue_of<T>(c), static_cast<int>(first), static_cast<int>(keys)));
        const kn_dptr part = c.queue + static_cast<kn_dptr>(first * c.width * size_of(c.dtype));
        status = matmul::multiply(0, dq, {weights, part, 1, c.rows, c.width, keys, false, false, c.dtype}, 0, 0, first == 0 ? 0 : dq,
                                  KN_ACTIVATION_NONE, KN_F32, stream);
        if (status != KN_OK) return status;
    }
    KN_FLOATING(c.dtype, T, LAUNCH((finish_gradient_v3<T>), blocks, THREADS, 0, stream_of(stream), address<float>(dq), address<float>(dk),
                                   address<const float>(dloss), address<const float>(workspace), queue_of<T>(c)));
    return KN_OK;
}
}  // namespace kn::infonce
