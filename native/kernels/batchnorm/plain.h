// The plain kernels: a thread a channel for what goes down the rows, a thread an element for the rest. Included once.
#pragma once
#include "../../runtime/access.h"

namespace kn::batchnorm {
template <class T> __global__ void statistics_v1(float* mean, float* variance, const T* x, int64_t rows, int64_t channels) {
    for (int64_t c = first_item(); c < channels; c += grid_stride()) {
        float sum = 0.f, squares = 0.f;
        for (int64_t r = 0; r < rows; ++r) sum += to_float(x[r * channels + c]);
        const float m = sum / static_cast<float>(rows);
        for (int64_t r = 0; r < rows; ++r) {
            const float d = to_float(x[r * channels + c]) - m;
            squares += d * d;
        }
        mean[c] = m;
        variance[c] = squares / static_cast<float>(rows);
    }
}

__device__ inline float relu(float x) { return x < 0.f ? 0.f : x; }  // NaN stays NaN

/// residual may be null.
template <class T>
__global__ void normalize_v1(T* y, const T* x, const float* gamma, const float* beta, const float* mean, const float* variance,
                             const T* residual, int64_t elements, int64_t channels, float epsilon, bool rectify) {
    for (int64_t i = first_item(); i < elements; i += grid_stride()) {
        const int64_t c = i % channels;
        float v = (to_float(x[i]) - mean[c]) / sqrtf(variance[c] + epsilon) * gamma[c] + beta[c];
        if (residual != nullptr) v += to_float(residual[i]);
        y[i] = from_float<T>(rectify ? relu(v) : v);
    }
}

/// dy[i], or 0 where beta is not null and y was not positive; z is the normalised x[i].
template <class T> __device__ inline float upstream(const T* dy, int64_t i, const float* gamma, const float* beta, int64_t c, float z) {
    return beta != nullptr && z * gamma[c] + beta[c] <= 0.f ? 0.f : to_float(dy[i]);
}

template <class T>
__global__ void sums_v1(float* dgamma, float* dbeta, const T* dy, const T* x, const float* gamma, const float* beta, const float* mean,
                        const float* variance, int64_t rows, int64_t channels, float epsilon) {
    for (int64_t c = first_item(); c < channels; c += grid_stride()) {
        const float m = mean[c], deviation = sqrtf(variance[c] + epsilon);
        float along = 0.f, sum = 0.f;
        for (int64_t r = 0; r < rows; ++r) {
            const float z = (to_float(x[r * channels + c]) - m) / deviation, g = upstream(dy, r * channels + c, gamma, beta, c, z);
            sum += g;
            along += g * z;
        }
        dgamma[c] = along;
        dbeta[c] = sum;
    }
}

/// rows is 0 where mean and variance do not depend on x.
template <class T>
__global__ void gradient_v1(T* dx, const T* dy, const T* x, const float* gamma, const float* beta, const float* mean, const float* variance,
                            const float* dgamma, const float* dbeta, int64_t elements, int64_t channels, float rows, float epsilon) {
    for (int64_t i = first_item(); i < elements; i += grid_stride()) {
        const int64_t c = i % channels;
        const float deviation = sqrtf(variance[c] + epsilon), z = (to_float(x[i]) - mean[c]) / deviation;
        const float through = rows > 0.f ? (dbeta[c] + z * dgamma[c]) / rows : 0.f;
        dx[i] = from_float<T>(gamma[c] / deviation * (upstream(dy, i, gamma, beta, c, z) - through));
    }
}

__global__ void fold_v1(float* folded, float* bias, const float* weight, const float* gamma, const float* beta, const float* mean,
                        const float* variance, int64_t channels, int64_t row, float epsilon) {
    for (int64_t i = first_item(); i < channels * row; i += grid_stride()) {
        const int64_t c = i / row;
        const float s = gamma[c] / sqrtf(variance[c] + epsilon);
        folded[i] = weight[i] * s;
        if (i % row == 0) bias[c] = beta[c] - mean[c] * s;
    }
}
}  // namespace kn::batchnorm
