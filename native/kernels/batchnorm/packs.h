// The faster kernels: a pack of W channels a thread, whole columns of a tile a block (columns.h); W = 1 takes any number of channels.
#pragma once
#include "columns.h"
#include "plain.h"

namespace kn::batchnorm {
using columns::DEEP;
using columns::Pair;
using columns::Place;
using columns::Tiling;

/// Rows of x in flight: DEEP packs asked for at once, of which count are there.
template <class T, int W> struct Flight {
    Pack<T, W> packs[DEEP];

    __device__ void load(const T* x, const Tiling& t, const Place& at, int64_t row) {
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            const int64_t r = row + k * at.step;
            if (r < at.end) packs[k] = *reinterpret_cast<const Pack<T, W>*>(x + r * t.channels + at.channel);
        }
    }
};

/// Welford's recurrence down the rows of a thread (Technometrics 4, 1962): one pass, and no squares of a mean that is far from 0 are
/// subtracted. The quotient 1 / n is one for the whole pack.
template <class T, int W> __global__ void __launch_bounds__(columns::THREADS) statistics_v2(Pair* partial, const T* x, Tiling t) {
    const Place at = columns::place<W>(t);
    Pair moments[W];
#pragma unroll
    for (int j = 0; j < W; ++j) moments[j] = {0.f, 0.f};
    float rows = 0.f;
    for (int64_t row = at.row; row < at.end; row += DEEP * at.step) {
        Flight<T, W> flight;
        flight.load(x, t, at, row);
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            if (row + k * at.step >= at.end) break;
            rows += 1.f;
            const float share = __frcp_rn(rows);
#pragma unroll
            for (int j = 0; j < W; ++j) {
                const float v = to_float(flight.packs[k].at[j]), d = v - moments[j].first;
                moments[j].first += d * share;
                moments[j].second += d * (v - moments[j].first);
            }
        }
    }
    columns::store_part<columns::Moments>(partial, moments, rows, t, at);
}

/// What normalising makes of x: (x - center) scale + shift.
template <int W> struct Affine {
    float center[W], scale[W], shift[W];

    __device__ void load(const float* gamma, const float* beta, const float* mean, const float* variance, int64_t channel, float epsilon) {
        float v[W];
        kn::load(v, variance + channel);
        kn::load(scale, gamma + channel);
        kn::load(shift, beta + channel);
        kn::load(center, mean + channel);
#pragma unroll
        for (int j = 0; j < W; ++j) scale[j] /= sqrtf(v[j] + epsilon);
    }
    __device__ float operator()(float x, int j) const { return fmaf(x - center[j], scale[j], shift[j]); }
};

/// residual is read where ADDS.
template <class T, int W, bool ADDS>
__global__ void __launch_bounds__(columns::THREADS) normalize_v2(T* y, const T* x, const float* gamma, const float* beta, const float* mean,
                                                                 const float* variance, const T* residual, Tiling t, float epsilon,
                                                                 bool rectify) {
    const Place at = columns::place<W>(t);
    if (!at.inside) return;
    Affine<W> affine;
    affine.load(gamma, beta, mean, variance, at.channel, epsilon);
    for (int64_t row = at.row; row < at.end; row += DEEP * at.step) {
        Flight<T, W> flight, added;
        flight.load(x, t, at, row);
        if (ADDS) added.load(residual, t, at, row);
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            const int64_t r = row + k * at.step;
            if (r >= at.end) break;
            float v[W];
#pragma unroll
            for (int j = 0; j < W; ++j) {
                v[j] = affine(to_float(flight.packs[k].at[j]), j) + (ADDS ? to_float(added.packs[k].at[j]) : 0.f);
                if (rectify) v[j] = relu(v[j]);
            }
            store(y + r * t.channels + at.channel, v);
        }
    }
}

/// Sums of dy (x - mean) and of dy; where RECTIFIED, dy counts where y was positive, which is computed again as forward did.
template <class T, int W, bool RECTIFIED>
__global__ void __launch_bounds__(columns::THREADS) sums_v2(Pair* partial, const T* dy, const T* x, const float* gamma, const float* beta,
                                                            const float* mean, const float* variance, Tiling t, float epsilon) {
    const Place at = columns::place<W>(t);
    Affine<W> affine;
    Pair sums[W];
    if (at.inside && RECTIFIED) affine.load(gamma, beta, mean, variance, at.channel, epsilon);
    if (at.inside && !RECTIFIED) load(affine.center, mean + at.channel);
#pragma unroll
    for (int j = 0; j < W; ++j) sums[j] = {0.f, 0.f};
    for (int64_t row = at.row; row < at.end; row += DEEP * at.step) {
        Flight<T, W> values, gradients;
        values.load(x, t, at, row);
        gradients.load(dy, t, at, row);
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            if (row + k * at.step >= at.end) break;
#pragma unroll
            for (int j = 0; j < W; ++j) {
                const float v = to_float(values.packs[k].at[j]);
                const float g = RECTIFIED && affine(v, j) <= 0.f ? 0.f : to_float(gradients.packs[k].at[j]);
                sums[j].first += g * (v - affine.center[j]);
                sums[j].second += g;
            }
        }
    }
    if (at.inside) {
        float inverse[W];
        load(inverse, variance + at.channel);
#pragma unroll
        for (int j = 0; j < W; ++j) sums[j].first /= sqrtf(inverse[j] + epsilon);
    }
    columns::store_part<columns::Sums>(partial, sums, 0.f, t, at);
}

/// dx = scale (dy - level - (x - mean) slope); rows is 0 where mean and variance do not depend on x.
template <class T, int W, bool RECTIFIED>
__global__ void __launch_bounds__(columns::THREADS) gradient_v2(T* dx, const T* dy, const T* x, const float* gamma, const float* beta,
                                                                const float* mean, const float* variance, const float* dgamma,
                                                                const float* dbeta, Tiling t, float rows, float epsilon) {
    const Place at = columns::place<W>(t);
    if (!at.inside) return;
    Affine<W> affine;
    affine.load(gamma, RECTIFIED ? beta : mean, mean, variance, at.channel, epsilon);
    float level[W], slope[W], v[W];
    load(level, dbeta + at.channel);
    load(slope, dgamma + at.channel);
    load(v, variance + at.channel);
#pragma unroll
    for (int j = 0; j < W; ++j) {
        slope[j] = rows > 0.f ? slope[j] / rows / sqrtf(v[j] + epsilon) : 0.f;
        level[j] = rows > 0.f ? level[j] / rows : 0.f;
    }
    for (int64_t row = at.row; row < at.end; row += DEEP * at.step) {
        Flight<T, W> values, gradients;
        values.load(x, t, at, row);
        gradients.load(dy, t, at, row);
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            const int64_t r = row + k * at.step;
            if (r >= at.end) break;
#pragma unroll
            for (int j = 0; j < W; ++j) {
                const float value = to_float(values.packs[k].at[j]);
                const float g = RECTIFIED && affine(value, j) <= 0.f ? 0.f : to_float(gradients.packs[k].at[j]);
                v[j] = affine.scale[j] * (g - fmaf(value - affine.center[j], slope[j], level[j]));
            }
            store(dx + r * t.channels + at.channel, v);
        }
    }
}
}  // namespace kn::batchnorm
