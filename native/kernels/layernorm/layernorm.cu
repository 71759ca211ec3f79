// Layer norm. Bound by memory: forward reads x once; backward reads dy and x twice, as sums along rows and down columns want different
// blocks.
#include "layernorm.h"

#include "kernels.h"

namespace kn::layernorm {
namespace {
constexpr int THREADS = 256;
constexpr int MOST = 8;  // packs of a lane in v3

kn_status check(const char* what, int64_t rows, int64_t width, float epsilon, kn_dtype dtype) {
    KN_REQUIRE(is_floating(dtype), "layernorm.%s computes in f32 and bf16, not in %s", what, dtype_name(dtype));
    KN_REQUIRE(rows >= 0 && width >= 0, "layernorm.%s: %lld rows of %lld", what, static_cast<long long>(rows),
               static_cast<long long>(width));
    KN_REQUIRE(epsilon >= 0.f, "layernorm.%s: epsilon = %g", what, static_cast<double>(epsilon));
    return KN_OK;
}

kn_status said(const char* what, int variant, int64_t rows, int64_t width) {
    return launched("layernorm.%s v%d, rows = %lld, width = %lld", what, variant, static_cast<long long>(rows),
                    static_cast<long long>(width));
}

int64_t wide(kn_dtype dtype) { return 16 / size_of(dtype); }
bool whole(int64_t width, kn_dtype dtype) { return width % wide(dtype) == 0; }
bool held(int64_t width, kn_dtype dtype) { return whole(width, dtype) && width <= wide(dtype) * WARP_SIZE * MOST; }

/// A warp a row.
unsigned blocks_of(int64_t rows) { return blocks_for(rows, THREADS / WARP_SIZE); }

/// The operands of the gradient.
struct Gradient {
    kn_dptr dx, dgamma, dbeta, dy, x, gamma, mean, variance;
};

template <class T, class U>
void launch_forward(int variant, kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, const Rows& s,
                    kn_handle stream) {
    if (variant == 1) {
        LAUNCH((forward_v1<T, U>), blocks_for(s.rows, THREADS), THREADS, 0, stream_of(stream), address<U>(y), address<float>(mean),
               address<float>(variance), address<const T>(x), address<const float>(gamma), address<const float>(beta), s);
    } else if (variant == 2) {
        LAUNCH((forward_v2<T, U>), blocks_of(s.rows), THREADS, 0, stream_of(stream), address<U>(y), address<float>(mean),
               address<float>(variance), address<const T>(x), address<const float>(gamma), address<const float>(beta), s);
    } else if (s.width <= 2 * WARP_SIZE * WIDE<T>) {
        LAUNCH((forward_v3<T, U, 2>), blocks_of(s.rows), THREADS, 0, stream_of(stream), address<U>(y), address<float>(mean),
               address<float>(variance), address<const T>(x), address<const float>(gamma), address<const float>(beta), s);
    } else {
        LAUNCH((forward_v3<T, U, MOST>), blocks_of(s.rows), THREADS, 0, stream_of(stream), address<U>(y), address<float>(mean),
               address<float>(variance), address<const T>(x), address<const float>(gamma), address<const float>(beta), s);
    }
}

template <class T, int W> void launch_columns(const Gradient& g, const Rows& s, kn_dptr workspace, kn_handle stream) {
    const Tiling t = columns::tiling(s.rows, s.width, W);
    LAUNCH((columns_v2<T, W>), columns::grid(t), columns::THREADS, 0, stream_of(stream), address<Pair>(workspace), address<const T>(g.dy),
           address<const T>(g.x), address<const float>(g.mean), address<const float>(g.variance), t, s.epsilon);
    columns::launch_merge<columns::Sums>(g.dgamma, g.dbeta, workspace, t, 1.f, stream);
}

template <class T> void launch_rows(int variant, const Gradient& g, const Rows& s, kn_handle stream) {
    if (variant == 1) {
        LAUNCH((gradient_v1<T>), blocks_for(s.rows, THREADS), THREADS, 0, stream_of(stream), address<T>(g.dx), address<const T>(g.dy),
               address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.mean), address<const float>(g.variance), s);
    } else if (variant == 2) {
        LAUNCH((gradient_v2<T>), blocks_of(s.rows), THREADS, 0, stream_of(stream), address<T>(g.dx), address<const T>(g.dy),
               address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.mean), address<const float>(g.variance), s);
    } else if (s.width <= 2 * WARP_SIZE * WIDE<T>) {
        LAUNCH((gradient_v3<T, 2>), blocks_of(s.rows), THREADS, 0, stream_of(stream), address<T>(g.dx), address<const T>(g.dy),
               address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.mean), address<const float>(g.variance), s);
    } else {
        LAUNCH((gradient_v3<T, MOST>), blocks_of(s.rows), THREADS, 0, stream_of(stream), address<T>(g.dx), address<const T>(g.dy),
               address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.mean), address<const float>(g.variance), s);
    }
}

/// Columns first, as dx may lie where dy does.
template <class T> void launch_gradient(int variant, const Gradient& g, const Rows& s, kn_dptr workspace, kn_handle stream) {
    if (variant == 1) {
        LAUNCH((columns_v1<T>), blocks_for(s.width, THREADS), THREADS, 0, stream_of(stream), address<float>(g.dgamma),
               address<float>(g.dbeta), address<const T>(g.dy), address<const T>(g.x), address<const float>(g.mean),
               address<const float>(g.variance), s);
    } else if (variant == 2) {
        launch_columns<T, 1>(g, s, workspace, stream);
    } else {
        launch_columns<T, WIDE<T>>(g, s, workspace, stream);
    }
    launch_rows<T>(variant, g, s, stream);
}
}  // namespace

kn_status forward(int variant, kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, int64_t rows,
                  int64_t width, float epsilon, kn_dtype y_dtype, kn_dtype dtype, kn_handle stream) {
    const kn_status status = check("forward", rows, width, epsilon, dtype);
    if (status != KN_OK) return status;
    KN_REQUIRE(y_dtype == dtype || y_dtype == KN_BF16, "layernorm.forward makes %s or bf16 of %s, not %s", dtype_name(dtype),
               dtype_name(dtype), dtype_name(y_dtype));
    if (rows == 0 || width == 0) return KN_OK;
    if (variant == 0) variant = held(width, dtype) ? 3 : 2;
    if (variant == 3 && !held(width, dtype)) {
        return refuse(KN_UNSUPPORTED, "layernorm.forward v3 takes rows of whole 16 bytes up to 4 KB, got %lld elements",
                      static_cast<long long>(width));
    }
    const Rows s{rows, width, epsilon};
    if (y_dtype == dtype) {
        KN_FLOATING(dtype, T, launch_forward<T, T>(variant, y, mean, variance, x, gamma, beta, s, stream));
    } else {
        launch_forward<float, bf16>(variant, y, mean, variance, x, gamma, beta, s, stream);
    }
    return said("forward", variant, rows, width);
}

kn_status gradient(int variant, kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr mean,
                   kn_dptr variance, int64_t rows, int64_t width, float epsilon, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    const kn_status status = check("gradient", rows, width, epsilon, dtype);
    if (status != KN_OK || rows == 0 || width == 0) return status;
    if (variant == 0) variant = held(width, dtype) ? 3 : 2;
    if (variant == 3 && !held(width, dtype)) {
        return refuse(KN_UNSUPPORTED, "layernorm.gradient v3 takes rows of whole 16 bytes up to 4 KB, got %lld elements",
                      static_cast<long long>(width));
    }
    const Gradient g{dx, dgamma, dbeta, dy, x, gamma, mean, variance};
    KN_FLOATING(dtype, T, launch_gradient<T>(variant, g, {rows, width, epsilon}, workspace, stream));
    return said("gradient", variant, rows, width);
}

int64_t workspace(int variant, int64_t rows, int64_t width, kn_dtype dtype) {
    if (check("gradient_workspace", rows, width, 0.f, dtype) != KN_OK) return -1;
    if (variant == 0) variant = held(width, dtype) ? 3 : 2;
    if (variant == 1 || rows == 0 || width == 0 || (variant == 3 && !held(width, dtype))) return 0;
    return columns::workspace(columns::tiling(rows, width, variant == 3 ? static_cast<int>(wide(dtype)) : 1));
}
}  // namespace kn::layernorm

using namespace kn;

extern "C" {

kn_status kn_layernorm_forward(kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, int64_t rows,
                               int64_t width, float epsilon, kn_dtype y_dtype, kn_dtype dtype, kn_handle stream) {
    return layernorm::forward(0, y, mean, variance, x, gamma, beta, rows, width, epsilon, y_dtype, dtype, stream);
}

kn_status kn_layernorm_gradient(kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr mean,
                                kn_dptr variance, int64_t rows, int64_t width, float epsilon, kn_dtype dtype, kn_dptr workspace,
                                kn_handle stream) {
    return layernorm::gradient(0, dx, dgamma, dbeta, dy, x, gamma, mean, variance, rows, width, epsilon, dtype, workspace, stream);
}

int64_t kn_layernorm_gradient_workspace(int64_t rows, int64_t width, kn_dtype dtype) { return layernorm::workspace(0, rows, width, dtype); }

}  // extern "C"
