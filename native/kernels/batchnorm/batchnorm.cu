// Batch norm. Bound by memory: the statistics read x once, what normalises reads it again, with the residual sum and ReLU on the way; the
// gradient reads dy and x twice, and finds ReLU's mask in x.
#include "batchnorm.h"

#include "packs.h"
#include "plain.h"

namespace kn::batchnorm {
namespace {
using columns::THREADS;

kn_status check(const char* what, int64_t rows, int64_t channels, float epsilon, kn_dtype dtype) {
    KN_REQUIRE(is_floating(dtype), "batchnorm.%s computes in f32 and bf16, not in %s", what, dtype_name(dtype));
    KN_REQUIRE(rows >= 0 && channels >= 0, "batchnorm.%s: %lld rows of %lld channels", what, static_cast<long long>(rows),
               static_cast<long long>(channels));
    KN_REQUIRE(epsilon >= 0.f, "batchnorm.%s: epsilon = %g", what, static_cast<double>(epsilon));
    return KN_OK;
}

kn_status said(const char* what, int variant, int64_t rows, int64_t channels) {
    return launched("batchnorm.%s v%d, rows = %lld, channels = %lld", what, variant, static_cast<long long>(rows),
                    static_cast<long long>(channels));
}

int wide(kn_dtype dtype) { return static_cast<int>(16 / size_of(dtype)); }

/// Resolves 0, or says why the variant does not take the sizes.
kn_status choose(const char* what, int* variant, int64_t channels, kn_dtype dtype) {
    const bool whole = channels % wide(dtype) == 0;
    if (*variant == 0) *variant = whole ? 3 : 2;
    if (*variant != 3 || whole) return KN_OK;
    return refuse(KN_UNSUPPORTED, "batchnorm.%s v3 takes channels of whole 16 bytes, got %lld", what, static_cast<long long>(channels));
}

Tiling tiling(int variant, int64_t rows, int64_t channels, kn_dtype dtype) {
    return columns::tiling(rows, channels, variant == 3 ? wide(dtype) : 1);
}

/// The operands of what normalises.
struct Normalizing {
    kn_dptr y, x, gamma, beta, mean, variance, residual;
    float epsilon;
    bool relu;
};

template <class T, int W, bool ADDS> void launch_normalize(const Normalizing& n, const Tiling& t, kn_handle stream) {
    LAUNCH((normalize_v2<T, W, ADDS>), columns::grid(t), THREADS, 0, stream_of(stream), address<T>(n.y), address<const T>(n.x),
           address<const float>(n.gamma), address<const float>(n.beta), address<const float>(n.mean), address<const float>(n.variance),
           address<const T>(n.residual), t, n.epsilon, n.relu);
}

template <class T, int W> void launch_normalize(const Normalizing& n, const Tiling& t, kn_handle stream) {
    if (n.residual != 0) {
        launch_normalize<T, W, true>(n, t, stream);
    } else {
        launch_normalize<T, W, false>(n, t, stream);
    }
}

template <class T> void normalize(int variant, const Normalizing& n, const Tiling& t, kn_handle stream) {
    if (variant == 3) {
        launch_normalize<T, WIDE<T>>(n, t, stream);
    } else if (variant == 2) {
        launch_normalize<T, 1>(n, t, stream);
    } else {
        const int64_t elements = t.rows * t.channels;
        LAUNCH((normalize_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<T>(n.y), address<const T>(n.x),
               address<const float>(n.gamma), address<const float>(n.beta), address<const float>(n.mean), address<const float>(n.variance),
               address<const T>(n.residual), elements, t.channels, n.epsilon, n.relu);
    }
}

template <class T, int W>
void launch_statistics(kn_dptr mean, kn_dptr variance, kn_dptr x, const Tiling& t, kn_dptr workspace, kn_handle stream) {
    LAUNCH((statistics_v2<T, W>), columns::grid(t), THREADS, 0, stream_of(stream), address<Pair>(workspace), address<const T>(x), t);
    columns::launch_merge<columns::Moments>(mean, variance, workspace, t, static_cast<float>(t.rows), stream);
}

template <class T>
void statistics(int variant, kn_dptr mean, kn_dptr variance, kn_dptr x, const Tiling& t, kn_dptr workspace, kn_handle stream) {
    if (variant == 3) {
        launch_statistics<T, WIDE<T>>(mean, variance, x, t, workspace, stream);
    } else if (variant == 2) {
        launch_statistics<T, 1>(mean, variance, x, t, workspace, stream);
    } else {
        LAUNCH((statistics_v1<T>), blocks_for(t.channels, THREADS), THREADS, 0, stream_of(stream), address<float>(mean),
               address<float>(variance), address<const T>(x), t.rows, t.channels);
    }
}

/// The operands of the gradient; rows is 0 where mean and variance do not depend on x, beta where there was no ReLU.
struct Gradient {
    kn_dptr dx, dgamma, dbeta, dy, x, gamma, beta, mean, variance;
    float rows, epsilon;
};

template <class T> void gradient_plain(const Gradient& g, const Tiling& t, kn_handle stream) {
    LAUNCH((sums_v1<T>), blocks_for(t.channels, THREADS), THREADS, 0, stream_of(stream), address<float>(g.dgamma), address<float>(g.dbeta),
           address<const T>(g.dy), address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.beta),
           address<const float>(g.mean), address<const float>(g.variance), t.rows, t.channels, g.epsilon);
    const int64_t elements = t.rows * t.channels;
    LAUNCH((gradient_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<T>(g.dx), address<const T>(g.dy),
           address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.beta), address<const float>(g.mean),
           address<const float>(g.variance), address<const float>(g.dgamma), address<const float>(g.dbeta), elements, t.channels, g.rows,
           g.epsilon);
}

template <class T, int W, bool RECTIFIED> void launch_gradient(const Gradient& g, const Tiling& t, kn_dptr workspace, kn_handle stream) {
    LAUNCH((sums_v2<T, W, RECTIFIED>), columns::grid(t), THREADS, 0, stream_of(stream), address<Pair>(workspace), address<const T>(g.dy),
           address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.beta), address<const float>(g.mean),
           address<const float>(g.variance), t, g.epsilon);
    columns::launch_merge<columns::Sums>(g.dgamma, g.dbeta, workspace, t, 1.f, stream);
    LAUNCH((gradient_v2<T, W, RECTIFIED>), columns::grid(t), THREADS, 0, stream_of(stream), address<T>(g.dx), address<const T>(g.dy),
           address<const T>(g.x), address<const float>(g.gamma), address<const float>(g.beta), address<const float>(g.mean),
           address<const float>(g.variance), address<const float>(g.dgamma), address<const float>(g.dbeta), t, g.rows, g.epsilon);
}

template <class T, int W> void gradient_packs(const Gradient& g, const Tiling& t, kn_dptr workspace, kn_handle stream) {
    if (g.beta != 0) {
        launch_gradient<T, W, true>(g, t, workspace, stream);
    } else {
        launch_gradient<T, W, false>(g, t, workspace, stream);
    }
}
}  // namespace

int64_t workspace(int variant, int64_t rows, int64_t channels, kn_dtype dtype) {
    if (check("workspace", rows, channels, 0.f, dtype) != KN_OK || choose("workspace", &variant, channels, dtype) != KN_OK) return -1;
    if (variant == 1 || rows == 0 || channels == 0) return 0;
    return columns::workspace(tiling(variant, rows, channels, dtype));
}

kn_status forward(int variant, kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr residual,
                  int64_t rows, int64_t channels, float epsilon, bool relu, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    kn_status status = check("forward", rows, channels, epsilon, dtype);
    if (status == KN_OK) status = choose("forward", &variant, channels, dtype);
    if (status != KN_OK || rows == 0 || channels == 0) return status;
    const Tiling t = tiling(variant, rows, channels, dtype);
    const Normalizing n{y, x, gamma, beta, mean, variance, residual, epsilon, relu};
    KN_FLOATING(dtype, T, statistics<T>(variant, mean, variance, x, t, workspace, stream); normalize<T>(variant, n, t, stream));
    return said("forward", variant, rows, channels);
}

kn_status inference(int variant, kn_dptr y, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr mean, kn_dptr variance, kn_dptr residual,
                    int64_t rows, int64_t channels, float epsilon, bool relu, kn_dtype dtype, kn_handle stream) {
    kn_status status = check("inference", rows, channels, epsilon, dtype);
    if (status == KN_OK) status = choose("inference", &variant, channels, dtype);
    if (status != KN_OK || rows == 0 || channels == 0) return status;
    const Tiling t = tiling(variant, rows, channels, dtype);
    const Normalizing n{y, x, gamma, beta, mean, variance, residual, epsilon, relu};
    KN_FLOATING(dtype, T, normalize<T>(variant, n, t, stream));
    return said("inference", variant, rows, channels);
}

kn_status gradient(int variant, kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr beta,
                   kn_dptr mean, kn_dptr variance, int64_t rows, int64_t channels, float epsilon, bool batch_statistics, kn_dtype dtype,
                   kn_dptr workspace, kn_handle stream) {
    kn_status status = check("gradient", rows, channels, epsilon, dtype);
    if (status == KN_OK) status = choose("gradient", &variant, channels, dtype);
    if (status != KN_OK || rows == 0 || channels == 0) return status;
    const Tiling t = tiling(variant, rows, channels, dtype);
    const Gradient g{dx, dgamma, dbeta, dy, x, gamma, beta, mean, variance, batch_statistics ? static_cast<float>(rows) : 0.f, epsilon};
    if (variant == 1) {
        KN_FLOATING(dtype, T, gradient_plain<T>(g, t, stream));
    } else if (variant == 2) {
        KN_FLOATING(dtype, T, gradient_packs<T, 1>(g, t, workspace, stream));
    } else {
        KN_FLOATING(dtype, T, gradient_packs<T, WIDE<T>>(g, t, workspace, stream));
    }
    return said("gradient", variant, rows, channels);
}
}  // namespace kn::batchnorm

using namespace kn;

extern "C" {

kn_status kn_batchnorm_forward(kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr residual,
                               int64_t rows, int64_t channels, float epsilon, int32_t relu, kn_dtype dtype, kn_dptr workspace,
                               kn_handle stream) {
    return batchnorm::forward(0, y, mean, variance, x, gamma, beta, residual, rows, channels, epsilon, relu != 0, dtype, workspace, stream);
}

int64_t kn_batchnorm_forward_workspace(int64_t rows, int64_t channels, kn_dtype dtype) {
    return batchnorm::workspace(0, rows, channels, dtype);
}

kn_status kn_batchnorm_inference(kn_dptr y, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr mean, kn_dptr variance, kn_dptr residual,
                                 int64_t rows, int64_t channels, float epsilon, int32_t relu, kn_dtype dtype, kn_handle stream) {
    return batchnorm::inference(0, y, x, gamma, beta, mean, variance, residual, rows, channels, epsilon, relu != 0, dtype, stream);
}

kn_status kn_batchnorm_gradient(kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr mean,
                                kn_dptr variance, int64_t rows, int64_t channels, float epsilon, int32_t batch_statistics, kn_dtype dtype,
                                kn_dptr workspace, kn_handle stream) {
    return batchnorm::gradient(0, dx, dgamma, dbeta, dy, x, gamma, beta, mean, variance, rows, channels, epsilon, batch_statistics != 0,
                               dtype, workspace, stream);
}

int64_t kn_batchnorm_gradient_workspace(int64_t rows, int64_t channels, kn_dtype dtype) {
    return batchnorm::workspace(0, rows, channels, dtype);
}

kn_status kn_batchnorm_fold(kn_dptr folded, kn_dptr bias, kn_dptr weight, kn_dptr gamma, kn_dptr beta, kn_dptr mean, kn_dptr variance,
                            int64_t channels, int64_t row, float epsilon, kn_handle stream) {
    const kn_status status = batchnorm::check("fold", row, channels, epsilon, KN_F32);
    if (status != KN_OK || row == 0 || channels == 0) return status;
    LAUNCH(batchnorm::fold_v1, blocks_for(channels * row, columns::THREADS), columns::THREADS, 0, stream_of(stream), address<float>(folded),
           address<float>(bias), address<const float>(weight), address<const float>(gamma), address<const float>(beta),
           address<const float>(mean), address<const float>(variance), channels, row, epsilon);
    return batchnorm::said("fold", 1, row, channels);
}

}  // extern "C"
