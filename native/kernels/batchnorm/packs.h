// The faster kernels: a pack of W channels a thread, whole columns of a tile a block (columns.h); W = 1 takes any number of channels.
#pragma once
#include "columns.h"

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

template <class T, int W>
__global__ void __launch_bounds__(columns::THREADS) normalize_v2(T* y, const T* x, const float* gamma, const float* beta, const float* mean,
                                                                 const float* variance, Tiling t, float epsilon) {
    const Place at = columns::place<W>(t);
    if (!at.inside) return;
    float scale[W], shift[W], center[W], v[W];
    load(scale, gamma + at.channel);
    load(v, variance + at.channel);
    load(shift, beta + at.channel);
    load(center, mean + at.channel);
#pragma unroll
    for (int j = 0; j < W; ++j) scale[j] /= sqrtf(v[j] + epsilon);
    for (int64_t row = at.row; row < at.end; row += DEEP * at.step) {
        Flight<T, W> flight;
        flight.load(x, t, at, row);
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            const int64_t r = row + k * at.step;
            if (r >= at.end) break;
#pragma unroll
            for (int j = 0; j < W; ++j) v[j] = fmaf(to_float(flight.packs[k].at[j]) - center[j], scale[j], shift[j]);
            store(y + r * t.channels + at.channel, v);
        }
    }
}

template <class T, int W>
__global__ void __launch_bounds__(columns::THREADS) sums_v2(Pair* partial, const T* dy, const T* x, const float* mean,
                                                            const float* variance, Tiling t, float epsilon) {
    const Place at = columns::place<W>(t);
    float center[W], inverse[W];
    Pair sums[W];
    if (at.inside) {
        load(center, mean + at.channel);
        load(inverse, variance + at.channel);
    }
#pragma unroll
    for (int j = 0; j < W; ++j) {
        inverse[j] = at.inside ? 1.f / sqrtf(inverse[j] + epsilon) : 0.f;
        sums[j] = {0.f, 0.f};
    }
    for (int64_t row = at.row; row < at.end; row += DEEP * at.step) {
        Flight<T, W> values, gradients;
        values.load(x, t, at, row);
        gradients.load(dy, t, at, row);
#pragma unroll
        for (int k = 0; k < DEEP; ++k) {
            if (row + k * at.step >= at.end) break;
#pragma unroll
            for (int j = 0; j < W; ++j) {
                const float g = to_float(gradients.packs[k].at[j]);
                sums[j].first += g * ((to_float(values.packs[k].at[j]) - center[j]) * inverse[j]);
                sums[j].second += g;
            }
        }
    }
    columns::store_part<columns::Sums>(partial, sums, 0.f, t, at);
}

/// dx = scale (dy - level - (x - mean) slope); rows is 0 where mean and variance do not depend on x.
template <class T, int W>
__global__ void __launch_bounds__(columns::THREADS) gradient_v2(T* dx, const T* dy, const T* x, const float* gamma, const float* mean,
                                                                const float* variance, const float* dgamma, const float* dbeta, Tiling t,
                                                                float rows, float epsilon) {
    const Place at = columns::place<W>(t);
    if (!at.inside) return;
    float scale[W], center[W], level[W], slope[W], v[W];
    load(scale, gamma + at.channel);
    load(center, mean + at.channel);
    load(level, dbeta + at.channel);
    load(slope, dgamma + at.channel);
    load(v, variance + at.channel);
#pragma unroll
    for (int j = 0; j < W; ++j) {
        const float inverse = 1.f / sqrtf(v[j] + epsilon);
        scale[j] *= inverse;
        slope[j] = rows > 0.f ? slope[j] / rows * inverse : 0.f;
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
                const float through = fmaf(to_float(values.packs[k].at[j]) - center[j], slope[j], level[j]);
                v[j] = scale[j] * (to_float(gradients.packs[k].at[j]) - through);
            }
            store(dx + r * t.channels + at.channel, v);
        }
    }
}
}  // namespace kn::batchnorm
