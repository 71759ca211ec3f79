// Reductions over a warp and a block. All lanes (threads) get the result; the order of summation is fixed, so the bits are too.
#pragma once
#include "kernel.h"

namespace kn {
__device__ inline float warp_sum(float v) {
#pragma unroll
    for (int o = WARP_SIZE / 2; o > 0; o >>= 1) v += __shfl_xor_sync(ALL_LANES, v, o);
    return v;
}

__device__ inline float warp_max(float v) {
#pragma unroll
    for (int o = WARP_SIZE / 2; o > 0; o >>= 1) v = fmaxf(v, __shfl_xor_sync(ALL_LANES, v, o));
    return v;
}

struct Sum {
    __device__ static float of_warp(float v) { return warp_sum(v); }
    __device__ static float of(float a, float b) { return a + b; }
};
struct Maximum {
    __device__ static float of_warp(float v) { return warp_max(v); }
    __device__ static float of(float a, float b) { return fmaxf(a, b); }
};

/// Over a block of THREADS threads in x, a multiple of 32. scratch: THREADS / 32 floats of shared memory, free again on return.
template <class R, int THREADS> __device__ float block_reduce(float v, float* scratch) {
    v = R::of_warp(v);
    if (threadIdx.x % WARP_SIZE == 0) scratch[threadIdx.x / WARP_SIZE] = v;
    __syncthreads();  // every warp's result is there
    v = scratch[0];
#pragma unroll
    for (int w = 1; w < THREADS / WARP_SIZE; ++w) v = R::of(v, scratch[w]);
    __syncthreads();  // all have read it
    return v;
}
}  // namespace kn
