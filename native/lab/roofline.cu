// The three kernels that do nothing but move bytes, or multiply and add.
#include "roofline.h"

#include "../runtime/kernel.h"
#include "../runtime/ptx.h"

namespace kn::lab {
namespace {
using Pack16 = Pack<float, 4>;

__global__ void copy_packs(Pack16* y, const Pack16* x, int64_t packs) {
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < packs; i += step) y[i] = x[i];
}

__device__ inline int64_t own() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }

// the factor is below 1, so that the sums stay where numbers are normal
__global__ void multiply_adds(float* y, int64_t rounds, float factor, float term) {
    float sums[ROOFLINE_CHAINS];
#pragma unroll
    for (int c = 0; c < ROOFLINE_CHAINS; ++c) sums[c] = static_cast<float>(threadIdx.x + static_cast<unsigned>(c));
    for (int64_t r = 0; r < rounds; ++r) {
#pragma unroll
        for (int c = 0; c < ROOFLINE_CHAINS; ++c) sums[c] = fmaf(sums[c], factor, term);
    }
    float all = 0.f;
#pragma unroll
    for (int c = 0; c < ROOFLINE_CHAINS; ++c) all += sums[c];
    y[own()] = all;
}

// operands that differ from lane to lane: products of zeros draw less power, and run faster
__global__ void tile_products(float* y, int64_t rounds) {
    const float left = static_cast<float>(threadIdx.x * 37 % 101) / 50.f - 1.f, right = static_cast<float>(threadIdx.x * 53 % 97) / 48.f - 1.f;
    const uint32_t a[4] = {pack_bf16(left, right), pack_bf16(-right, left), pack_bf16(0.5f * left, right), pack_bf16(left, -right)};
    const uint32_t b[2] = {pack_bf16(right, -0.5f * left), pack_bf16(left, right)};
    float sums[ROOFLINE_CHAINS][4] = {};
    for (int64_t r = 0; r < rounds; ++r) {
#pragma unroll
        for (int c = 0; c < ROOFLINE_CHAINS; ++c) mma_bf16(sums[c], a, b);
    }
    float all = 0.f;
#pragma unroll
    for (int c = 0; c < ROOFLINE_CHAINS; ++c) all += sums[c][0] + sums[c][1] + sums[c][2] + sums[c][3];
    y[own()] = all;
}
}  // namespace

kn_status roofline_copy(kn_dptr y, kn_dptr x, int64_t packs, kn_handle stream) {
    LAUNCH(copy_packs, blocks_for(packs, ROOFLINE_THREADS), ROOFLINE_THREADS, 0, stream_of(stream), address<Pack16>(y),
           address<const Pack16>(x), packs);
    return launched("roofline.copy, packs = %lld", static_cast<long long>(packs));
}

kn_status roofline_f32(kn_dptr y, int64_t blocks, int64_t rounds, kn_handle stream) {
    LAUNCH(multiply_adds, static_cast<unsigned>(blocks), ROOFLINE_THREADS, 0, stream_of(stream), address<float>(y), rounds, 0.9990234375f, 0.5f);
    return launched("roofline.f32, blocks = %lld, rounds = %lld", static_cast<long long>(blocks), static_cast<long long>(rounds));
}

kn_status roofline_bf16(kn_dptr y, int64_t blocks, int64_t rounds, kn_handle stream) {
    LAUNCH(tile_products, static_cast<unsigned>(blocks), ROOFLINE_THREADS, 0, stream_of(stream), address<float>(y), rounds);
    return launched("roofline.bf16, blocks = %lld, rounds = %lld", static_cast<long long>(blocks), static_cast<long long>(rounds));
}
}  // namespace kn::lab
