// Operations on each element. Bound by memory: what matters is that every access is 16 bytes wide and each byte is moved once.
#include "elementwise.h"

#include "../../runtime/access.h"
#include "functions.h"

namespace kn::elementwise {
namespace {
constexpr int THREADS = 256;

template <class T, class F> __global__ void unary_v1(T* y, const T* x, int64_t n, F f) {
    for (int64_t i = first_item(); i < n; i += grid_stride()) y[i] = from_float<T>(f(to_float(x[i])));
}

// the last n % W elements go to the threads that have no pack left
template <class T, class F> __global__ void unary_v2(T* y, const T* x, int64_t n, F f) {
    constexpr int W = WIDE<T>;
    using Wide = Pack<T, W>;
    const int64_t packs = n / W;
    for (int64_t i = first_item(); i < packs + n % W; i += grid_stride()) {
        if (i >= packs) {
            const int64_t at = packs * W + (i - packs);
            y[at] = from_float<T>(f(to_float(x[at])));
            continue;
        }
        Wide pack = reinterpret_cast<const Wide*>(x)[i];
#pragma unroll
        for (int j = 0; j < W; ++j) pack.at[j] = from_float<T>(f(to_float(pack.at[j])));
        reinterpret_cast<Wide*>(y)[i] = pack;
    }
}

template <class T, class F> __global__ void binary_v1(T* y, const T* a, const T* b, int64_t n, int64_t period, F f) {
    for (int64_t i = first_item(); i < n; i += grid_stride()) y[i] = from_float<T>(f(to_float(a[i]), to_float(b[i % period])));
}

// period is n or a multiple of W, so that a pack of b does not wrap
template <class T, class F> __global__ void binary_v2(T* y, const T* a, const T* b, int64_t n, int64_t period, F f) {
    constexpr int W = WIDE<T>;
    using Wide = Pack<T, W>;
    const int64_t packs = n / W;
    for (int64_t i = first_item(); i < packs + n % W; i += grid_stride()) {
        if (i >= packs) {
            const int64_t at = packs * W + (i - packs);
            y[at] = from_float<T>(f(to_float(a[at]), to_float(b[at % period])));
            continue;
        }
        Wide left = reinterpret_cast<const Wide*>(a)[i];
        const Wide right = reinterpret_cast<const Wide*>(b)[period == n ? i : i % (period / W)];
#pragma unroll
        for (int j = 0; j < W; ++j) left.at[j] = from_float<T>(f(to_float(left.at[j]), to_float(right.at[j])));
        reinterpret_cast<Wide*>(y)[i] = left;
    }
}

template <class To, class From> __global__ void convert_v1(To* y, const From* x, int64_t n) {
    for (int64_t i = first_item(); i < n; i += grid_stride()) y[i] = from_float<To>(to_float(x[i]));
}

template <class T> __global__ void fill_v1(T* y, int64_t n, T value) {
    for (int64_t i = first_item(); i < n; i += grid_stride()) y[i] = value;
}

bool aligned(kn_dptr a) { return a % 16 == 0; }

template <class T, class F> kn_status launch_unary(int variant, kn_dptr y, kn_dptr x, int64_t n, F f, kn_handle stream) {
    if (variant == 0) variant = aligned(y) && aligned(x) ? 2 : 1;
    if (variant == 2) {
        LAUNCH((unary_v2<T, F>), blocks_for(ceil_div(n, WIDE<T>), THREADS), THREADS, 0, stream_of(stream), address<T>(y),
               address<const T>(x), n, f);
    } else {
        LAUNCH((unary_v1<T, F>), blocks_for(n, THREADS), THREADS, 0, stream_of(stream), address<T>(y), address<const T>(x), n, f);
    }
    return launched("elementwise.unary v%d, n = %lld", variant, static_cast<long long>(n));
}

template <class T, class F>
kn_status launch_binary(int variant, kn_dptr y, kn_dptr a, kn_dptr b, int64_t n, int64_t period, F f, kn_handle stream) {
    const bool packs = aligned(y) && aligned(a) && aligned(b) && (period == n || period % WIDE<T> == 0);
    if (variant == 0) variant = packs ? 2 : 1;
    if (variant == 2 && !packs) {
        return refuse(KN_UNSUPPORTED, "elementwise.binary v2 takes a period that is n or a multiple of %d, got %lld", WIDE<T>,
                      static_cast<long long>(period));
    }
    if (variant == 2) {
        LAUNCH((binary_v2<T, F>), blocks_for(ceil_div(n, WIDE<T>), THREADS), THREADS, 0, stream_of(stream), address<T>(y),
               address<const T>(a), address<const T>(b), n, period, f);
    } else {
        LAUNCH((binary_v1<T, F>), blocks_for(n, THREADS), THREADS, 0, stream_of(stream), address<T>(y), address<const T>(a),
               address<const T>(b), n, period, f);
    }
    return launched("elementwise.binary v%d, n = %lld, period = %lld", variant, static_cast<long long>(n), static_cast<long long>(period));
}
}  // namespace

kn_status unary(int variant, kn_dptr y, kn_dptr x, int64_t n, int32_t operation, float alpha, float beta, kn_dtype dtype,
                kn_handle stream) {
    KN_REQUIRE(n >= 0, "elementwise.unary: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(dtype), "elementwise.unary computes in f32 and bf16, not in %s", dtype_name(dtype));
    if (n == 0) return KN_OK;
    switch (operation) {
        case KN_UNARY_SCALE: KN_FLOATING(dtype, T, return launch_unary<T>(variant, y, x, n, Scale{alpha, beta}, stream));
        case KN_UNARY_RELU: KN_FLOATING(dtype, T, return launch_unary<T>(variant, y, x, n, Relu{}, stream));
        case KN_UNARY_GELU: KN_FLOATING(dtype, T, return launch_unary<T>(variant, y, x, n, Gelu{}, stream));
        case KN_UNARY_GELU_TANH: KN_FLOATING(dtype, T, return launch_unary<T>(variant, y, x, n, GeluTanh{}, stream));
        case KN_UNARY_SIGMOID: KN_FLOATING(dtype, T, return launch_unary<T>(variant, y, x, n, Sigmoid{}, stream));
        default: return refuse(KN_INVALID_ARGUMENT, "elementwise.unary: there is no operation %d", operation);
    }
}

kn_status binary(int variant, kn_dptr y, kn_dptr a, kn_dptr b, int64_t n, int64_t period, int32_t operation, kn_dtype dtype,
                 kn_handle stream) {
    KN_REQUIRE(n >= 0, "elementwise.binary: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(dtype), "elementwise.binary computes in f32 and bf16, not in %s", dtype_name(dtype));
    if (n == 0) return KN_OK;
    KN_REQUIRE(period > 0 && n % period == 0, "elementwise.binary: %lld elements are no multiple of the period %lld",
               static_cast<long long>(n), static_cast<long long>(period));
    switch (operation) {
        case KN_BINARY_ADD: KN_FLOATING(dtype, T, return launch_binary<T>(variant, y, a, b, n, period, Add{}, stream));
        case KN_BINARY_MUL: KN_FLOATING(dtype, T, return launch_binary<T>(variant, y, a, b, n, period, Mul{}, stream));
        case KN_BINARY_RELU_GRADIENT:
            KN_FLOATING(dtype, T, return launch_binary<T>(variant, y, a, b, n, period, ReluGradient{}, stream));
        case KN_BINARY_GELU_GRADIENT:
            KN_FLOATING(dtype, T, return launch_binary<T>(variant, y, a, b, n, period, GeluGradient{}, stream));
        case KN_BINARY_GELU_TANH_GRADIENT:
            KN_FLOATING(dtype, T, return launch_binary<T>(variant, y, a, b, n, period, GeluTanhGradient{}, stream));
        default: return refuse(KN_INVALID_ARGUMENT, "elementwise.binary: there is no operation %d", operation);
    }
}
}  // namespace kn::elementwise

using namespace kn;

extern "C" {

kn_status kn_elementwise_unary(kn_dptr y, kn_dptr x, int64_t n, int32_t operation, float alpha, float beta, kn_dtype dtype,
                               kn_handle stream) {
    return elementwise::unary(0, y, x, n, operation, alpha, beta, dtype, stream);
}

kn_status kn_elementwise_binary(kn_dptr y, kn_dptr a, kn_dptr b, int64_t n, int64_t period, int32_t operation, kn_dtype dtype,
                                kn_handle stream) {
    return elementwise::binary(0, y, a, b, n, period, operation, dtype, stream);
}

kn_status kn_elementwise_convert(kn_dptr y, kn_dptr x, int64_t n, kn_dtype to, kn_dtype from, kn_handle stream) {
    using namespace elementwise;
    KN_REQUIRE(n >= 0, "elementwise.convert: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(to) && is_floating(from), "elementwise.convert knows f32 and bf16, not %s to %s", dtype_name(from),
               dtype_name(to));
    if (n == 0) return KN_OK;
    KN_FLOATING(to, To, KN_FLOATING(from, From, LAUNCH((convert_v1<To, From>), blocks_for(n, THREADS), THREADS, 0, stream_of(stream),
                                                       address<To>(y), address<const From>(x), n)));
    return launched("elementwise.convert, n = %lld", static_cast<long long>(n));
}

kn_status kn_elementwise_fill(kn_dptr y, int64_t n, float value, kn_dtype dtype, kn_handle stream) {
    using namespace elementwise;
    KN_REQUIRE(n >= 0, "elementwise.fill: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(dtype), "elementwise.fill knows f32 and bf16, not %s", dtype_name(dtype));
    if (n == 0) return KN_OK;
    KN_FLOATING(dtype, T,
                LAUNCH((fill_v1<T>), blocks_for(n, THREADS), THREADS, 0, stream_of(stream), address<T>(y), n, from_float<T>(value)));
    return launched("elementwise.fill, n = %lld", static_cast<long long>(n));
}

}  // extern "C"
