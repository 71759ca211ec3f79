// What the kernels of the family share: products of rows, sums of exponentials, weighted sums of rows.
#pragma once
#include "../../runtime/warp.h"
#include "infonce.h"

namespace kn::infonce {
constexpr int THREADS = 128;
constexpr int EACH = 8;                    // columns that a thread sums at once
constexpr int COLUMNS = EACH * THREADS;  // wider rows are done in several passes
constexpr int64_t LIMIT = int64_t{1} << 31;

inline long long of(int64_t n) { return static_cast<long long>(n); }

template <class T> __device__ float dot(const T* a, const T* b, int n) {
    float sum = 0.f;
    for (int i = 0; i < n; ++i) sum += to_float(a[i]) * to_float(b[i]);
    return sum;
}

/// A sum of exponentials, times exp(-top).
struct ExpSum {
    float top, sum;

    __device__ void add(float score) {
        if (score > top) {
            sum = sum * expf(top - score) + 1.f;
            top = score;
        } else if (score != -INFINITY) {  // NaN stays NaN
            sum += expf(score - top);
        }
    }

    /// That of the whole block, for all of its threads; scratch: THREADS / 32 floats.
    template <int BLOCK> __device__ ExpSum of_block(float* scratch) const {
        const float highest = block_reduce<Maximum, BLOCK>(top, scratch);
        // without a top the sum is 0, or NaN where a score was
        return {highest, block_reduce<Sum, BLOCK>(top == -INFINITY ? sum : sum * expf(top - highest), scratch)};
    }
};

/// sums[e] += sum over j of weight(j) rows[j][column + e THREADS], 0 beyond the width; returns this thread's part of the sum of the
/// weights. shared: THREADS floats. To be called by all threads of the block alike.
template <class T, class Weight>
__device__ float add_weighted(float (&sums)[EACH], float* shared, const T* rows, int64_t count, int width, int column,
                              const Weight& weight) {
    float total = 0.f;
    for (int64_t first = 0; first < count; first += THREADS) {
        const int64_t mine = first + threadIdx.x;
        const float w = mine < count ? weight(mine) : 0.f;
        total += w;
        __syncthreads();  // all are done with the weights before
        shared[threadIdx.x] = w;
        __syncthreads();  // these are there
        const int some = static_cast<int>(count - first < THREADS ? count - first : THREADS);
        for (int j = 0; j < some; ++j) {
            const T* row = rows + (first + j) * width;
            const float of_row = shared[j];
#pragma unroll
            for (int e = 0; e < EACH; ++e) {
                if (column + e * THREADS < width) sums[e] += of_row * to_float(row[column + e * THREADS]);
            }
        }
    }
    return total;
}

/// loss = the sum of terms[0, rows) over by, in an order that depends on nothing. Where there is a count, the sum of as many over it; one
/// that is not 1 to rows makes the loss NaN and sets the fault word, which is optional.
void launch_mean(kn_dptr loss, kn_dptr fault, kn_dptr terms, int64_t rows, kn_dptr count, int64_t by, kn_handle stream);
}  // namespace kn::infonce
