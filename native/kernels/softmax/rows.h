// A row of numbers that a thread, a warp or a block works on together.
#pragma once
#include "../../runtime/warp.h"

namespace kn::softmax {
constexpr int THREADS = 256;

/// LANES threads of a block of THREADS: 1, 32 or all. PACKED rows are whole packs of 16 bytes, at addresses of 16 bytes.
template <int LANES, bool PACKED> struct Team {
    static constexpr int PER_BLOCK = THREADS / LANES;
    float* scratch;  // THREADS / 32 floats of shared memory, for whole blocks

    __device__ static int lane() { return static_cast<int>(threadIdx.x) % LANES; }
    __device__ static int64_t first_row() { return static_cast<int64_t>(blockIdx.x) * PER_BLOCK + threadIdx.x / LANES; }
    __device__ static int64_t row_stride() { return static_cast<int64_t>(gridDim.x) * PER_BLOCK; }

    template <class R> __device__ float all(float v) const {
        if constexpr (LANES == 1) {
            return v;
        } else if constexpr (LANES == WARP_SIZE) {
            return R::of_warp(v);
        } else {
            return block_reduce<R, THREADS>(v, scratch);
        }
    }
    __device__ float sum(float v) const { return all<Sum>(v); }
    __device__ float maximum(float v) const { return all<Maximum>(v); }

    /// f(column, x) for this lane's share of a row.
    template <class T, class F> __device__ void each(const T* row, int columns, F&& f) const {
        if constexpr (PACKED) {
            for (int p = lane(); p < columns / WIDE<T>; p += LANES) {
                const Pack<T, WIDE<T>> pack = reinterpret_cast<const Pack<T, WIDE<T>>*>(row)[p];
#pragma unroll
                for (int e = 0; e < WIDE<T>; ++e) f(p * WIDE<T> + e, to_float(pack.at[e]));
            }
        } else {
            for (int c = lane(); c < columns; c += LANES) f(c, to_float(row[c]));
        }
    }

    /// to[c] = f(c, a[c], b[c]) for this lane's share; to may be a or b.
    template <class T, class F> __device__ void store(T* to, const T* a, const T* b, int columns, F&& f) const {
        if constexpr (PACKED) {
            using Wide = Pack<T, WIDE<T>>;
            for (int p = lane(); p < columns / WIDE<T>; p += LANES) {
                Wide left = reinterpret_cast<const Wide*>(a)[p];
                const Wide right = reinterpret_cast<const Wide*>(b)[p];
#pragma unroll
                for (int e = 0; e < WIDE<T>; ++e) {
                    left.at[e] = from_float<T>(f(p * WIDE<T> + e, to_float(left.at[e]), to_float(right.at[e])));
                }
                reinterpret_cast<Wide*>(to)[p] = left;
            }
        } else {
            for (int c = lane(); c < columns; c += LANES) to[c] = from_float<T>(f(c, to_float(a[c]), to_float(b[c])));
        }
    }

    /// The maximum of a row and the sum of exp(x - maximum), in one pass (Milakov and Gimelshein, arXiv:1805.02867, algorithm 3).
    struct Exponentials {
        float maximum, sum;
    };
    template <class T> __device__ Exponentials exponentials(const T* row, int columns) const {
        float top = -INFINITY, total = 0.f;
        each(row, columns, [&](int, float x) {
            if (x > top) {
                total = total * expf(top - x) + 1.f;
                top = x;
            } else {
                total += x == -INFINITY ? 0.f : expf(x - top);  // a NaN comes here and stays
            }
        });
        const float highest = maximum(top);
        return {highest, sum(top == -INFINITY ? total : total * expf(top - highest))};
    }
};

/// Launches kernel<T, LANES, PACKED> for a variant: see ROW_VARIANTS. 16 bytes at a time where rows are whole packs; v1 never.
#define LAUNCH_ROWS(VARIANT, PACKS, KERNEL, T, ROWS, STREAM, ...)                                                                  \
    do {                                                                                                                           \
        if ((VARIANT) == 1) {                                                                                                      \
            LAUNCH((KERNEL<T, 1, false>), blocks_for(ROWS, THREADS), THREADS, 0, STREAM, __VA_ARGS__);                             \
        } else if ((VARIANT) == 2 && (PACKS)) {                                                                                    \
            LAUNCH((KERNEL<T, WARP_SIZE, true>), blocks_for(ROWS, THREADS / WARP_SIZE), THREADS, 0, STREAM, __VA_ARGS__);          \
        } else if ((VARIANT) == 2) {                                                                                               \
            LAUNCH((KERNEL<T, WARP_SIZE, false>), blocks_for(ROWS, THREADS / WARP_SIZE), THREADS, 0, STREAM, __VA_ARGS__);         \
        } else if (PACKS) {                                                                                                        \
            LAUNCH((KERNEL<T, THREADS, true>), blocks_for(ROWS, 1), THREADS, 0, STREAM, __VA_ARGS__);                              \
        } else {                                                                                                                   \
            LAUNCH((KERNEL<T, THREADS, false>), blocks_for(ROWS, 1), THREADS, 0, STREAM, __VA_ARGS__);                             \
        }                                                                                                                          \
    } while (0)

/// What variant 0 stands for: a block for long rows, which a warp would take too long for.
inline int row_variant(int variant, int64_t columns) { return variant != 0 ? variant : columns > 2048 ? 3 : 2; }
}  // namespace kn::softmax
