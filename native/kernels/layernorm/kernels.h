// Layer norm's kernels. dgamma and dbeta are sums down the rows, which batch norm's columns.h has.
#pragma once
#include "../../runtime/warp.h"
#include "../batchnorm/columns.h"

namespace kn::layernorm {
using columns::DEEP;
using columns::Pair;
using columns::Place;
using columns::Tiling;

/// The rows and what is known of each.
struct Rows {
    int64_t rows, width;
    float epsilon;
};

/// U is the type of y.
template <class T, class U>
__global__ void forward_v1(U* y, float* mean, float* variance, const T* x, const float* gamma, const float* beta, Rows s) {
    for (int64_t r = first_item(); r < s.rows; r += grid_stride()) {
        const T* row = x + r * s.width;
        float sum = 0.f, squares = 0.f;
        for (int64_t i = 0; i < s.width; ++i) sum += to_float(row[i]);
        const float m = sum / static_cast<float>(s.width);
        for (int64_t i = 0; i < s.width; ++i) squares += (to_float(row[i]) - m) * (to_float(row[i]) - m);
        const float v = squares / static_cast<float>(s.width), deviation = sqrtf(v + s.epsilon);
        mean[r] = m;
        variance[r] = v;
        for (int64_t i = 0; i < s.width; ++i) y[r * s.width + i] = from_float<U>((to_float(row[i]) - m) / deviation * gamma[i] + beta[i]);
    }
}

template <class T>
__global__ void gradient_v1(T* dx, const T* dy, const T* x, const float* gamma, const float* mean, const float* variance, Rows s) {
    for (int64_t r = first_item(); r < s.rows; r += grid_stride()) {
        const int64_t first = r * s.width;
        const float deviation = sqrtf(variance[r] + s.epsilon), width = static_cast<float>(s.width);
        float sum = 0.f, along = 0.f;
        for (int64_t i = 0; i < s.width; ++i) {
            const float g = to_float(dy[first + i]) * gamma[i];
            sum += g;
            along += g * (to_float(x[first + i]) - mean[r]) / deviation;
        }
        for (int64_t i = 0; i < s.width; ++i) {
            const float z = (to_float(x[first + i]) - mean[r]) / deviation;
            dx[first + i] = from_float<T>((to_float(dy[first + i]) * gamma[i] - sum / width - z * along / width) / deviation);
        }
    }
}

template <class T>
__global__ void columns_v1(float* dgamma, float* dbeta, const T* dy, const T* x, const float* mean, const float* variance, Rows s) {
    for (int64_t i = first_item(); i < s.width; i += grid_stride()) {
        float sum = 0.f, along = 0.f;
        for (int64_t r = 0; r < s.rows; ++r) {
            const float g = to_float(dy[r * s.width + i]);
            sum += g;
            along += g * (to_float(x[r * s.width + i]) - mean[r]) / sqrtf(variance[r] + s.epsilon);
        }
        dgamma[i] = along;
        dbeta[i] = sum;
    }
}

__device__ inline int lane() { return static_cast<int>(threadIdx.x) % WARP_SIZE; }
__device__ inline int64_t first_row() { return first_item() / WARP_SIZE; }
__device__ inline int64_t row_stride() { return grid_stride() / WARP_SIZE; }

template <class T, class U>
__global__ void forward_v2(U* y, float* mean, float* variance, const T* x, const float* gamma, const float* beta, Rows s) {
    const float width = static_cast<float>(s.width);
    for (int64_t r = first_row(); r < s.rows; r += row_stride()) {
        const T* row = x + r * s.width;
        float sum = 0.f, squares = 0.f;
        for (int64_t i = lane(); i < s.width; i += WARP_SIZE) sum += to_float(row[i]);
        const float m = warp_sum(sum) / width;
        for (int64_t i = lane(); i < s.width; i += WARP_SIZE) squares += (to_float(row[i]) - m) * (to_float(row[i]) - m);
        const float v = warp_sum(squares) / width, inverse = 1.f / sqrtf(v + s.epsilon);
        for (int64_t i = lane(); i < s.width; i += WARP_SIZE) {
            y[r * s.width + i] = from_float<U>(fmaf((to_float(row[i]) - m) * inverse, gamma[i], beta[i]));
        }
        if (lane() == 0) {
            mean[r] = m;
            variance[r] = v;
        }
    }
}

template <class T>
__global__ void gradient_v2(T* dx, const T* dy, const T* x, const float* gamma, const float* mean, const float* variance, Rows s) {
    const float width = static_cast<float>(s.width);
    for (int64_t r = first_row(); r < s.rows; r += row_stride()) {
        const int64_t first = r * s.width;
        const float m = mean[r], inverse = 1.f / sqrtf(variance[r] + s.epsilon);
        float sum = 0.f, along = 0.f;
        for (int64_t i = lane(); i < s.width; i += WARP_SIZE) {
            const float g = to_float(dy[first + i]) * gamma[i];
            sum += g;
            along += g * ((to_float(x[first + i]) - m) * inverse);
        }
        const float level = warp_sum(sum) / width, slope = warp_sum(along) / width;
        for (int64_t i = lane(); i < s.width; i += WARP_SIZE) {
            const float z = (to_float(x[first + i]) - m) * inverse;
            dx[first + i] = from_float<T>((to_float(dy[first + i]) * gamma[i] - level - z * slope) * inverse);
        }
    }
}

/// A row over the lanes of a warp: pack e of a lane starts at element (e * 32 + lane) * W.
template <class T, int EACH> struct Row {
    static constexpr int W = WIDE<T>;
    Pack<T, W> packs[EACH];

    __device__ static int first(int e) { return (e * WARP_SIZE + lane()) * W; }

    __device__ void load(const T* row, int width) {
#pragma unroll
        for (int e = 0; e < EACH; ++e) {
            if (first(e) < width) packs[e] = *reinterpret_cast<const Pack<T, W>*>(row + first(e));
        }
    }
};

/// Rows of at most EACH * 32 packs, read once.
template <class T, class U, int EACH>
__global__ void forward_v3(U* y, float* mean, float* variance, const T* x, const float* gamma, const float* beta, Rows s) {
    using Held = Row<T, EACH>;
    constexpr int W = Held::W;
    const int width = static_cast<int>(s.width);
    for (int64_t r = first_row(); r < s.rows; r += row_stride()) {
        Held row;
        row.load(x + r * s.width, width);
        float sum = 0.f, squares = 0.f;
#pragma unroll
        for (int e = 0; e < EACH; ++e) {
            if (Held::first(e) >= width) break;
#pragma unroll
            for (int j = 0; j < W; ++j) sum += to_float(row.packs[e].at[j]);
        }
        const float m = warp_sum(sum) / static_cast<float>(width);
#pragma unroll
        for (int e = 0; e < EACH; ++e) {
            if (Held::first(e) >= width) break;
#pragma unroll
            for (int j = 0; j < W; ++j) squares += (to_float(row.packs[e].at[j]) - m) * (to_float(row.packs[e].at[j]) - m);
        }
        const float v = warp_sum(squares) / static_cast<float>(width), inverse = 1.f / sqrtf(v + s.epsilon);
#pragma unroll
        for (int e = 0; e < EACH; ++e) {
            if (Held::first(e) >= width) break;
            float scale[W], shift[W];
            load(scale, gamma + Held::first(e));
            load(shift, beta + Held::first(e));
#pragma unroll
            for (int j = 0; j < W; ++j) shift[j] = fmaf((to_float(row.packs[e].at[j]) - m) * inverse, scale[j], shift[j]);
            store(y + r * s.width + Held::first(e), shift);
        }
        if (lane() == 0) {
            mean[r] = m;
            variance[r] = v;
        }
    }
}

template <class T, int EACH>
__global__ void gradient_v3(T* dx, const T* dy, const T* x, const float* gamma, const float* mean, const float* variance, Rows s) {
    using Held = Row<T, EACH>;
    constexpr int W = Held::W;
    const int width = static_cast<int>(s.width);
    for (int64_t r = first_row(); r < s.rows; r += row_stride()) {
        Held values, gradients;
        values.load(x + r * s.width, width);
        gradients.load(dy + r * s.width, width);
        const float m = mean[r], inverse = 1.f / sqrtf(variance[r] + s.epsilon);
        float sum = 0.f, along = 0.f, scale[W];
#pragma unroll
        for (int e = 0; e < EACH; ++e) {
            if (Held::first(e) >= width) break;
            load(scale, gamma + Held::first(e));
#pragma unroll
            for (int j = 0; j < W; ++j) {
                const float g = to_float(gradients.packs[e].at[j]) * scale[j];
                sum += g;
                along += g * ((to_float(values.packs[e].at[j]) - m) * inverse);
            }
        }
        const float level = warp_sum(sum) / static_cast<float>(width), slope = warp_sum(along) / static_cast<float>(width);
#pragma unroll
        for (int e = 0; e < EACH; ++e) {
            if (Held::first(e) >= width) break;
            load(scale, gamma + Held::first(e));
#pragma unroll
            for (int j = 0; j < W; ++j) {
                const float z = (to_float(values.packs[e].at[j]) - m) * inverse;
                scale[j] = (to_float(gradients.packs[e].at[j]) * scale[j] - level - z * slope) * inverse;
            }
            store(dx + r * s.width + Held::first(e), scale);
        }
    }
}

/// Sums of dy z and dy down the rows, for merge_parts.
template <class T, int W>
__global__ void __launch_bounds__(columns::THREADS) columns_v2(Pair* partial, const T* dy, const T* x, const float* mean,
                                                               const float* variance, Tiling t, float epsilon) {
    const Place at = columns::place<W>(t);
    Pair sums[W];
#pragma unroll
    for (int j = 0; j < W; ++j) sums[j] = {0.f, 0.f};
#pragma unroll 4
    for (int64_t row = at.row; row < at.end; row += at.step) {
        float values[W], gradients[W];
        load(values, x + row * t.channels + at.channel);
        load(gradients, dy + row * t.channels + at.channel);
        const float m = mean[row], inverse = 1.f / sqrtf(variance[row] + epsilon);
#pragma unroll
        for (int j = 0; j < W; ++j) {
            sums[j].first += gradients[j] * ((values[j] - m) * inverse);
            sums[j].second += gradients[j];
        }
    }
    columns::store_part<columns::Sums>(partial, sums, 0.f, t, at);
}
}  // namespace kn::layernorm
