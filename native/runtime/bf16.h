// bfloat16 as two plain bytes, the same in both builds, and the conversions; arithmetic is done in float.
#pragma once
#include <cstdint>

namespace kn {
struct bf16 {
    uint16_t bits;
};

__host__ __device__ inline float to_float(float x) { return x; }

__host__ __device__ inline float to_float(bf16 x) {
    union {
        uint32_t bits;
        float value;
    } wide;
    wide.bits = static_cast<uint32_t>(x.bits) << 16;
    return wide.value;
}

/// To nearest, ties to even; NaN stays NaN.
__host__ __device__ inline bf16 to_bf16(float x) {
#if defined(__CUDA_ARCH__)
    return bf16{__bfloat16_as_ushort(__float2bfloat16_rn(x))};
#else
    union {
        float value;
        uint32_t bits;
    } wide;
    wide.value = x;
    if (x != x) return bf16{static_cast<uint16_t>(wide.bits >> 16 | 0x40)};
    return bf16{static_cast<uint16_t>((wide.bits + 0x7FFF + (wide.bits >> 16 & 1)) >> 16)};
#endif
}

template <class T> __host__ __device__ T from_float(float x);
template <> __host__ __device__ inline float from_float<float>(float x) { return x; }
template <> __host__ __device__ inline bf16 from_float<bf16>(float x) { return to_bf16(x); }

/// The two halves of a register: the element of the lower address first.
__host__ __device__ inline float low_half(uint32_t pair) { return to_float(bf16{static_cast<uint16_t>(pair)}); }
__host__ __device__ inline float high_half(uint32_t pair) { return to_float(bf16{static_cast<uint16_t>(pair >> 16)}); }
__host__ __device__ inline uint32_t pack_bf16(float low, float high) {
    return static_cast<uint32_t>(to_bf16(low).bits) | static_cast<uint32_t>(to_bf16(high).bits) << 16;
}

/// N consecutive elements that are read or written at once; the address must be a multiple of their size.
template <class T, int N> struct __align__(sizeof(T) * N) Pack {
    T at[N];
};
/// Elements in 16 bytes, the widest access.
template <class T> constexpr int WIDE = 16 / static_cast<int>(sizeof(T));
}  // namespace kn
