// What every kernel file includes: CUDA under nvcc, the emulator under a plain C++ compiler, and what both builds share.
#pragma once
#include <cmath>
#include <cstdint>

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_runtime.h>
// Blocks of more than 48 KB must be asked for; that is no operation of a stream, so a capture does not see it.
#define LAUNCH(KERNEL, GRID, BLOCK, SMEM, STREAM, ...)                                                                             \
    do {                                                                                                                           \
        if ((SMEM) > 48 * 1024) cudaFuncSetAttribute(KERNEL, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(SMEM)); \
        KERNEL<<<(GRID), (BLOCK), (SMEM), (STREAM)>>>(__VA_ARGS__);                                                                \
    } while (0)
#else
#include "../emulator/api.h"
#include "../emulator/simt.h"
// Arguments are taken once, at the launch, as CUDA does.
#define LAUNCH(KERNEL, GRID, BLOCK, SMEM, STREAM, ...)                                                                             \
    ::simt::launcher(::simt::Kernel{#KERNEL, ::simt::Site{__FILE__, __LINE__}, (GRID), (BLOCK), (SMEM), (STREAM),                  \
                                    &::simt::Known<(KERNEL)>::instance},                                                           \
                     [](auto... arguments) { KERNEL(arguments...); })(__VA_ARGS__)
#endif

#include "../include/kinema.h"
#include "bf16.h"
#include "checks.h"

namespace kn {
constexpr int WARP_SIZE = 32;
constexpr uint32_t ALL_LANES = 0xFFFFFFFFu;

/// The block's dynamic shared memory, aligned to 16 bytes (1024 in the emulator); NaN at first in the emulator.
__device__ inline unsigned char* dynamic_shared() {
#if defined(__CUDACC__)
    extern __shared__ __align__(16) unsigned char kn_dynamic_shared_memory[];
    return kn_dynamic_shared_memory;
#else
    return simt::dynamic_smem();
#endif
}

template <class T> T* address(kn_dptr a) { return reinterpret_cast<T*>(static_cast<uintptr_t>(a)); }
inline cudaStream_t stream_of(kn_handle h) { return reinterpret_cast<cudaStream_t>(static_cast<uintptr_t>(h)); }

__host__ __device__ constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Blocks for a loop over n items with a stride of the whole grid: enough to fill a large device, and no more. The emulator has two, so that
/// small shapes, too, send blocks round their loops.
inline unsigned blocks_for(int64_t n, int64_t per_block, int64_t most = 132 * 16) {
#if !defined(__CUDACC__)
    most = 2;
#endif
    const int64_t blocks = ceil_div(n, per_block);
    return static_cast<unsigned>(blocks < most ? blocks : most);
}
}  // namespace kn
