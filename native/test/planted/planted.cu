// Kernels that are wrong on purpose, and one that is right: what finds faults is itself tested on them.
#include "planted.h"

#include "../../runtime/kernel.h"

namespace kn::planted {
namespace {
constexpr int THREADS = 64;

__global__ void beyond_the_end(float* y, int n) {
    for (int i = static_cast<int>(threadIdx.x); i <= n; i += THREADS) {
        y[i] = 1.f;  // PLANTED: overflow
    }
}

__global__ void beyond_the_row(float* y, const float* x) {
    __shared__ float row[THREADS];
    row[threadIdx.x + 1] = x[threadIdx.x];  // PLANTED: static
    __syncthreads();
    y[threadIdx.x] = row[threadIdx.x];
}

template <bool BARRIER> __device__ void reverse(float* y, const float* x) {
    float* shared = reinterpret_cast<float*>(dynamic_shared());
    shared[threadIdx.x] = x[threadIdx.x];
    if (BARRIER) __syncthreads();
    y[threadIdx.x] = shared[THREADS - 1 - threadIdx.x];  // PLANTED: race
}

__global__ void without_barrier(float* y, const float* x) { reverse<false>(y, x); }

__global__ void with_barrier(float* y, const float* x) { reverse<true>(y, x); }
}  // namespace

kn_status run(Fault fault, kn_dptr y, kn_dptr x, kn_handle stream) {
    if (fault == Fault::OVERFLOW) {
        LAUNCH(beyond_the_end, 1, THREADS, 0, stream_of(stream), address<float>(y), static_cast<int>(ELEMENTS));
        return launched("planted.overflow");
    }
    if (fault == Fault::STATIC) {
        LAUNCH(beyond_the_row, 1, THREADS, 0, stream_of(stream), address<float>(y), address<const float>(x));
        return launched("planted.static");
    }
    constexpr size_t SHARED = THREADS * sizeof(float);
    if (fault == Fault::RACE) {
        LAUNCH(without_barrier, 1, THREADS, SHARED, stream_of(stream), address<float>(y), address<const float>(x));
        return launched("planted.race");
    }
    LAUNCH(with_barrier, 1, THREADS, SHARED, stream_of(stream), address<float>(y), address<const float>(x));
    return launched("planted.none");
}
}  // namespace kn::planted
