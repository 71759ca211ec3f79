// Frames from bytes to numbers. The writes are most of the traffic.
#include "frames.h"

#include "../../runtime/access.h"

namespace kn::frames {
namespace {
constexpr int THREADS = 256;
constexpr int BYTES = 16;  // that a thread of v2 reads at once
constexpr int LEVELS = 256;

/// As the operation has it, rounding by rounding.
__device__ inline float level(int value, float mean, float std) {
    return __fdiv_rn(__fadd_rn(__fdiv_rn(static_cast<float>(value), 255.f), -mean), std);
}

/// values[c], chosen: an index that is not known would move the constants to memory.
__device__ inline float constant(const float (&values)[MOST_CHANNELS], int c) {
    return c == 0 ? values[0] : c == 1 ? values[1] : c == 2 ? values[2] : values[3];
}

template <class T> __global__ void normalize_v1(T* y, const uint8_t* x, int64_t elements, int channels, Constants k) {
    for (int64_t i = first_item(); i < elements; i += grid_stride()) {
        const int c = static_cast<int>(i % channels);
        y[i] = from_float<T>(level(x[i], constant(k.mean, c), constant(k.std, c)));
    }
}

template <class T> __global__ void normalize_v2(T* y, const uint8_t* x, int64_t elements, int channels, Constants k) {
    __shared__ T table[MOST_CHANNELS * LEVELS];  // two quotients an element would be most of the work
    for (int i = static_cast<int>(threadIdx.x); i < channels * LEVELS; i += THREADS) {
        table[i] = from_float<T>(level(i % LEVELS, constant(k.mean, i / LEVELS), constant(k.std, i / LEVELS)));
    }
    __syncthreads();  // the table is there
    constexpr int W = WIDE<T>;
    const int64_t packs = elements / BYTES;
    for (int64_t i = first_item(); i < packs + elements % BYTES; i += grid_stride()) {
        if (i >= packs) {  // the last bytes go to the threads that have no pack left
            const int64_t at = packs * BYTES + (i - packs);
            y[at] = table[at % channels * LEVELS + x[at]];
            continue;
        }
        const Pack<uint8_t, BYTES> bytes = reinterpret_cast<const Pack<uint8_t, BYTES>*>(x)[i];
        int c = static_cast<int>(i * BYTES % channels);
#pragma unroll
        for (int p = 0; p < BYTES / W; ++p) {
            Pack<T, W> values;
#pragma unroll
            for (int j = 0; j < W; ++j) {
                values.at[j] = table[c * LEVELS + bytes.at[p * W + j]];
                c = c + 1 == channels ? 0 : c + 1;
            }
            reinterpret_cast<Pack<T, W>*>(y)[i * (BYTES / W) + p] = values;
        }
    }
}
}  // namespace

kn_status normalize(int variant, kn_dptr y, kn_dptr x, int64_t pixels, int64_t channels, const Constants& constants, kn_dtype dtype,
                    kn_handle stream) {
    KN_REQUIRE(is_floating(dtype), "frames.normalize makes f32 and bf16, not %s", dtype_name(dtype));
    KN_REQUIRE(pixels >= 0 && channels >= 1 && channels <= MOST_CHANNELS, "frames.normalize: %lld pixels of %lld channels, at most %d",
               static_cast<long long>(pixels), static_cast<long long>(channels), MOST_CHANNELS);
    if (pixels == 0) return KN_OK;
    if (variant == 0) variant = y % 16 == 0 && x % 16 == 0 ? 2 : 1;
    const int64_t elements = pixels * channels;
    if (variant == 1) {
        KN_FLOATING(dtype, T, LAUNCH((normalize_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<T>(y),
                                     address<const uint8_t>(x), elements, static_cast<int>(channels), constants));
    } else {
        KN_FLOATING(dtype, T, LAUNCH((normalize_v2<T>), blocks_for(elements, THREADS * BYTES), THREADS, 0, stream_of(stream), address<T>(y),
                                     address<const uint8_t>(x), elements, static_cast<int>(channels), constants));
    }
    return launched("frames.normalize v%d, pixels = %lld, channels = %lld", variant, static_cast<long long>(pixels),
                    static_cast<long long>(channels));
}
}  // namespace kn::frames

extern "C" kn_status kn_frames_normalize(kn_dptr y, kn_dptr x, int64_t pixels, int64_t channels, float mean0, float mean1, float mean2,
                                         float mean3, float std0, float std1, float std2, float std3, kn_dtype dtype, kn_handle stream) {
    return kn::frames::normalize(0, y, x, pixels, channels, {{mean0, mean1, mean2, mean3}, {std0, std1, std2, std3}}, dtype, stream);
}
