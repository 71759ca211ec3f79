// Pooling: checks, launches and the choice of variants. Bound by memory: neighbouring windows meet in the caches.
#include "pool3d.h"

#include "kernels.h"

namespace kn::pool3d {
namespace {
constexpr int64_t LIMIT = int64_t{1} << 31;

kn_status check(const char* what, const Sizes& s, kn_dtype dtype) {
    KN_REQUIRE(is_floating(dtype), "pool3d.%s computes in f32 and bf16, not in %s", what, dtype_name(dtype));
    for (const int64_t size : {s.n, s.t, s.h, s.w, s.c, s.pt, s.ph, s.pw}) {
        KN_REQUIRE(size >= 0 && size < LIMIT, "pool3d.%s: sizes and padding are 0 to 2^31 - 1, got %lld", what,
                   static_cast<long long>(size));
    }
    for (const int64_t size : {s.kt, s.kh, s.kw, s.st, s.sh, s.sw}) {
        KN_REQUIRE(size > 0 && size < LIMIT, "pool3d.%s: kernels and strides are 1 to 2^31 - 1, got %lld", what,
                   static_cast<long long>(size));
    }
    KN_REQUIRE(s.t + 2 * s.pt >= s.kt && s.h + 2 * s.ph >= s.kh && s.w + 2 * s.pw >= s.kw,
               "pool3d.%s: a kernel of %lld x %lld x %lld is larger than the padded x", what, static_cast<long long>(s.kt),
               static_cast<long long>(s.kh), static_cast<long long>(s.kw));
    return KN_OK;
}

kn_status check_winners(const char* what, const Sizes& s, kn_dtype winners_dtype) {
    KN_REQUIRE(2 * s.pt <= s.kt && 2 * s.ph <= s.kh && 2 * s.pw <= s.kw, "pool3d.%s: padding is at most half the kernel", what);
    KN_REQUIRE(winners_dtype == KN_U8 || winners_dtype == KN_I32, "pool3d.%s: winners are u8 or i32, not %s", what,
               dtype_name(winners_dtype));
    KN_REQUIRE(winners_dtype == KN_I32 || s.kt * s.kh * s.kw <= 256, "pool3d.%s: %lld taps are more than winners in u8 can tell apart",
               what, static_cast<long long>(s.kt * s.kh * s.kw));
    return KN_OK;
}

kn_status said(const char* what, int variant, const Sizes& s) {
    return launched("pool3d.%s v%d, x = [%lld, %lld, %lld, %lld, %lld], kernel = %lld %lld %lld, stride = %lld %lld %lld", what, variant,
                    static_cast<long long>(s.n), static_cast<long long>(s.t), static_cast<long long>(s.h), static_cast<long long>(s.w),
                    static_cast<long long>(s.c), static_cast<long long>(s.kt), static_cast<long long>(s.kh), static_cast<long long>(s.kw),
                    static_cast<long long>(s.st), static_cast<long long>(s.sh), static_cast<long long>(s.sw));
}

int64_t wide(kn_dtype dtype) { return 16 / size_of(dtype); }

/// Packs of whole 16 bytes, and indices that fit 32 bits, the product of a position and a stride among them.
bool packs(const Sizes& s, kn_dtype dtype) {
    return s.c % wide(dtype) == 0 && s.elements() / wide(dtype) < LIMIT && s.out_elements() / wide(dtype) < LIMIT
        && (s.t + s.h + s.w) + 2 * (s.pt + s.ph + s.pw) + (s.st + s.sh + s.sw) < LIMIT;
}

/// Resolves 0, or says why the variant does not take the sizes.
kn_status choose(const char* what, int* variant, const Sizes& s, kn_dtype dtype) {
    if (*variant == 0) *variant = packs(s, dtype) ? 2 : 1;
    if (*variant == 2 && !packs(s, dtype)) {
        return refuse(KN_UNSUPPORTED, "pool3d.%s v2 takes channels of whole 16 bytes, got %lld", what, static_cast<long long>(s.c));
    }
    return KN_OK;
}

template <class T, class N> void launch_max(int variant, kn_dptr y, kn_dptr winners, kn_dptr x, const Sizes& s, kn_handle stream) {
    if (variant == 1) {
        LAUNCH((max_pool<T, N, 1, int64_t>), blocks_for(s.out_elements(), THREADS), THREADS, 0, stream_of(stream), address<T>(y),
               address<N>(winners), address<const T>(x), Geometry<int64_t>(s), s.out_elements());
    } else {
        const int32_t items = static_cast<int32_t>(s.out_elements() / WIDE<T>);
        LAUNCH((max_pool<T, N, WIDE<T>, int32_t>), blocks_for(items, THREADS), THREADS, 0, stream_of(stream), address<T>(y),
               address<N>(winners), address<const T>(x), Geometry<int32_t>(s), items);
    }
}

template <class T, class N>
void launch_max_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr winners, const Sizes& s, kn_handle stream) {
    if (variant == 1) {
        LAUNCH((max_pool_gradient<T, N, 1, int64_t>), blocks_for(s.elements(), THREADS), THREADS, 0, stream_of(stream), address<T>(dx),
               address<const T>(dy), address<const N>(winners), Geometry<int64_t>(s), s.elements());
    } else {
        const int32_t items = static_cast<int32_t>(s.elements() / WIDE<T>);
        LAUNCH((max_pool_gradient<T, N, WIDE<T>, int32_t>), blocks_for(items, THREADS), THREADS, 0, stream_of(stream), address<T>(dx),
               address<const T>(dy), address<const N>(winners), Geometry<int32_t>(s), items);
    }
}

template <class T> void launch_average(int variant, kn_dptr y, kn_dptr x, const Sizes& s, kn_handle stream) {
    const float volume = static_cast<float>(s.kt * s.kh * s.kw);
    if (variant == 1) {
        LAUNCH((average_pool<T, 1, int64_t>), blocks_for(s.out_elements(), THREADS), THREADS, 0, stream_of(stream), address<T>(y),
               address<const T>(x), Geometry<int64_t>(s), s.out_elements(), volume);
    } else {
        const int32_t items = static_cast<int32_t>(s.out_elements() / WIDE<T>);
        LAUNCH((average_pool<T, WIDE<T>, int32_t>), blocks_for(items, THREADS), THREADS, 0, stream_of(stream), address<T>(y),
               address<const T>(x), Geometry<int32_t>(s), items, volume);
    }
}

template <class T> void launch_average_gradient(int variant, kn_dptr dx, kn_dptr dy, const Sizes& s, kn_handle stream) {
    const float volume = static_cast<float>(s.kt * s.kh * s.kw);
    if (variant == 1) {
        LAUNCH((average_pool_gradient<T, 1, int64_t>), blocks_for(s.elements(), THREADS), THREADS, 0, stream_of(stream), address<T>(dx),
               address<const T>(dy), Geometry<int64_t>(s), s.elements(), volume);
    } else {
        const int32_t items = static_cast<int32_t>(s.elements() / WIDE<T>);
        LAUNCH((average_pool_gradient<T, WIDE<T>, int32_t>), blocks_for(items, THREADS), THREADS, 0, stream_of(stream), address<T>(dx),
               address<const T>(dy), Geometry<int32_t>(s), items, volume);
    }
}

template <class T, int W> void launch_global(kn_dptr y, kn_dptr x, int64_t n, int64_t positions, int64_t c, kn_handle stream) {
    const int64_t packs = c / W;
    int across = 1;
    while (across < packs && across < WARP_SIZE) across *= 2;
    const dim3 grid(static_cast<unsigned>(ceil_div(packs, across)), blocks_for(n, 1));
    LAUNCH((global_average_v2<T, W>), grid, THREADS, 0, stream_of(stream), address<float>(y), address<const T>(x), n, positions, c, across);
}
}  // namespace

kn_status max(int variant, kn_dptr y, kn_dptr winners, kn_dptr x, const Sizes& s, kn_dtype winners_dtype, kn_dtype dtype,
              kn_handle stream) {
    kn_status status = check("max", s, dtype);
    if (status == KN_OK) status = check_winners("max", s, winners_dtype);
    if (status == KN_OK) status = choose("max", &variant, s, dtype);
    if (status != KN_OK || s.out_elements() == 0) return status;
    if (winners_dtype == KN_U8) {
        KN_FLOATING(dtype, T, launch_max<T, uint8_t>(variant, y, winners, x, s, stream));
    } else {
        KN_FLOATING(dtype, T, launch_max<T, int32_t>(variant, y, winners, x, s, stream));
    }
    return said("max", variant, s);
}

kn_status max_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr winners, const Sizes& s, kn_dtype winners_dtype, kn_dtype dtype,
                       kn_handle stream) {
    kn_status status = check("max_gradient", s, dtype);
    if (status == KN_OK) status = check_winners("max_gradient", s, winners_dtype);
    if (status == KN_OK) status = choose("max_gradient", &variant, s, dtype);
    if (status != KN_OK || s.elements() == 0) return status;
    if (winners_dtype == KN_U8) {
        KN_FLOATING(dtype, T, launch_max_gradient<T, uint8_t>(variant, dx, dy, winners, s, stream));
    } else {
        KN_FLOATING(dtype, T, launch_max_gradient<T, int32_t>(variant, dx, dy, winners, s, stream));
    }
    return said("max_gradient", variant, s);
}

kn_status average(int variant, kn_dptr y, kn_dptr x, const Sizes& s, kn_dtype dtype, kn_handle stream) {
    kn_status status = check("average", s, dtype);
    if (status == KN_OK) status = choose("average", &variant, s, dtype);
    if (status != KN_OK || s.out_elements() == 0) return status;
    KN_FLOATING(dtype, T, launch_average<T>(variant, y, x, s, stream));
    return said("average", variant, s);
}

kn_status average_gradient(int variant, kn_dptr dx, kn_dptr dy, const Sizes& s, kn_dtype dtype, kn_handle stream) {
    kn_status status = check("average_gradient", s, dtype);
    if (status == KN_OK) status = choose("average_gradient", &variant, s, dtype);
    if (status != KN_OK || s.elements() == 0) return status;
    KN_FLOATING(dtype, T, launch_average_gradient<T>(variant, dx, dy, s, stream));
    return said("average_gradient", variant, s);
}

kn_status global_average(int variant, kn_dptr y, kn_dptr x, int64_t n, int64_t positions, int64_t c, kn_dtype dtype, kn_handle stream) {
    const Sizes s{n, 1, 1, positions, c, 1, 1, 1, 1, 1, 1, 0, 0, 0};
    kn_status status = check("global_average", s, dtype);
    if (status != KN_OK || s.elements() == 0) return status;
    if (variant == 0) variant = 2;
    const bool whole = c % wide(dtype) == 0;
    if (variant == 1) {
        KN_FLOATING(dtype, T, LAUNCH((global_average_v1<T>), blocks_for(n * c, THREADS), THREADS, 0, stream_of(stream), address<float>(y),
                                     address<const T>(x), n, positions, c));
    } else if (whole) {
        KN_FLOATING(dtype, T, launch_global<T, WIDE<T>>(y, x, n, positions, c, stream));
    } else {
        KN_FLOATING(dtype, T, launch_global<T, 1>(y, x, n, positions, c, stream));
    }
    return said("global_average", variant, s);
}
}  // namespace kn::pool3d

using namespace kn;
using pool3d::Sizes;

extern "C" {

kn_status kn_pool3d_max(kn_dptr y, kn_dptr winners, kn_dptr x, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt,
                        int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw,
                        kn_dtype winners_dtype, kn_dtype dtype, kn_handle stream) {
    return pool3d::max(0, y, winners, x, {n, t, h, w, c, kt, kh, kw, st, sh, sw, pt, ph, pw}, winners_dtype, dtype, stream);
}

kn_status kn_pool3d_max_gradient(kn_dptr dx, kn_dptr dy, kn_dptr winners, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt,
                                 int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw,
                                 kn_dtype winners_dtype, kn_dtype dtype, kn_handle stream) {
    return pool3d::max_gradient(0, dx, dy, winners, {n, t, h, w, c, kt, kh, kw, st, sh, sw, pt, ph, pw}, winners_dtype, dtype, stream);
}

kn_status kn_pool3d_average(kn_dptr y, kn_dptr x, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt, int64_t kh,
                            int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw, kn_dtype dtype,
                            kn_handle stream) {
    return pool3d::average(0, y, x, {n, t, h, w, c, kt, kh, kw, st, sh, sw, pt, ph, pw}, dtype, stream);
}

kn_status kn_pool3d_average_gradient(kn_dptr dx, kn_dptr dy, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt, int64_t kh,
                                     int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw, kn_dtype dtype,
                                     kn_handle stream) {
    return pool3d::average_gradient(0, dx, dy, {n, t, h, w, c, kt, kh, kw, st, sh, sw, pt, ph, pw}, dtype, stream);
}

kn_status kn_pool3d_global_average(kn_dptr y, kn_dptr x, int64_t n, int64_t positions, int64_t c, kn_dtype dtype, kn_handle stream) {
    return pool3d::global_average(0, y, x, n, positions, c, dtype, stream);
}

}  // extern "C"
