// Dropout: the random numbers are made where they are needed, and never stored.
#include "dropout.h"

#include "../../runtime/access.h"
#include "../../runtime/philox.h"

namespace kn::dropout {
namespace {
constexpr int THREADS = 256;
constexpr int WORDS = 4;  // of a block of random numbers

struct Draw {
    uint32_t salt, threshold;
    float scale;
};

template <class T> __global__ void apply_v1(T* y, const T* x, const int64_t* random, int64_t n, Draw d) {
    const uint64_t seed = static_cast<uint64_t>(random[0]);
    const uint32_t step = static_cast<uint32_t>(random[1]);
    for (int64_t i = first_item(); i < n; i += grid_stride()) {
        const PhiloxWords words = philox(seed, step, d.salt, static_cast<uint64_t>(i / WORDS));
        y[i] = from_float<T>(keeps(words.at[i % WORDS], d.threshold) ? to_float(x[i]) * d.scale : 0.f);
    }
}

// the last n % W elements make a pack that is not whole
template <class T> __global__ void apply_v2(T* y, const T* x, const int64_t* random, int64_t n, Draw d) {
    constexpr int W = WIDE<T>;
    const uint64_t seed = static_cast<uint64_t>(random[0]);
    const uint32_t step = static_cast<uint32_t>(random[1]);
    for (int64_t pack = first_item(); pack < ceil_div(n, W); pack += grid_stride()) {
        const int64_t first = pack * W;
        const bool whole = first + W <= n;
        float v[W];
        if (whole) {
            load(v, x + first);
        } else {
#pragma unroll
            for (int j = 0; j < W; ++j) v[j] = first + j < n ? to_float(x[first + j]) : 0.f;
        }
#pragma unroll
        for (int b = 0; b < W / WORDS; ++b) {
            const PhiloxWords words = philox(seed, step, d.salt, static_cast<uint64_t>(first / WORDS + b));
#pragma unroll
            for (int j = 0; j < WORDS; ++j) v[b * WORDS + j] = keeps(words.at[j], d.threshold) ? v[b * WORDS + j] * d.scale : 0.f;
        }
        if (whole) {
            store(y + first, v);
        } else {
#pragma unroll
            for (int j = 0; j < W; ++j) {
                if (first + j < n) y[first + j] = from_float<T>(v[j]);
            }
        }
    }
}
}  // namespace

kn_status apply(int variant, kn_dptr y, kn_dptr x, kn_dptr random, int64_t n, double p, int32_t salt, kn_dtype dtype, kn_handle stream) {
    KN_REQUIRE(n >= 0, "dropout.apply: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(dtype), "dropout.apply computes in f32 and bf16, not in %s", dtype_name(dtype));
    KN_REQUIRE(p >= 0 && p < 1, "dropout.apply: p is at least 0 and below 1, got %g", p);
    if (n == 0) return KN_OK;
    if (variant == 0) variant = y % 16 == 0 && x % 16 == 0 ? 2 : 1;
    const Draw d{static_cast<uint32_t>(salt), least_kept(p), static_cast<float>(1 / (1 - p))};
    if (variant == 1) {
        KN_FLOATING(dtype, T, LAUNCH((apply_v1<T>), blocks_for(n, THREADS), THREADS, 0, stream_of(stream), address<T>(y),
                                     address<const T>(x), address<const int64_t>(random), n, d));
    } else {
        KN_FLOATING(dtype, T, LAUNCH((apply_v2<T>), blocks_for(ceil_div(n, WIDE<T>), THREADS), THREADS, 0, stream_of(stream),
                                     address<T>(y), address<const T>(x), address<const int64_t>(random), n, d));
    }
    return launched("dropout.apply v%d, n = %lld", variant, static_cast<long long>(n));
}
}  // namespace kn::dropout

extern "C" kn_status kn_dropout_apply(kn_dptr y, kn_dptr x, kn_dptr random, int64_t n, double p, int32_t salt, kn_dtype dtype,
                                      kn_handle stream) {
    return kn::dropout::apply(0, y, x, random, n, p, salt, dtype, stream);
}
