// What is done to the sums before they are stored: activation(scale sum + bias + residual), or a chain of neighbours.
#pragma once
#include "../elementwise/chain.h"

namespace kn::matmul {
using elementwise::activate;

/// Rows of a dense [rows, columns] result; scale, bias and residual are null where absent.
struct Epilogue {
    void* y;
    const float* scale;
    const float* bias;
    const void* residual;
    int columns;
    int activation;
    bool in_bf16;  // y and residual; else float
    bool whole;    // columns is a multiple of 8 and addresses are of 16 bytes

    __device__ float value(float sum, int column, float added) const {
        const float scaled = scale == nullptr ? sum : sum * scale[column];
        return activate(activation, scaled + (bias == nullptr ? 0.f : bias[column]) + added);
    }

    template <class T> __device__ void store_one(int64_t row, int column, float sum) const {
        const int64_t at = row * columns + column;
        const float added = residual == nullptr ? 0.f : to_float(static_cast<const T*>(residual)[at]);
        static_cast<T*>(y)[at] = from_float<T>(value(sum, column, added));
    }

    /// COUNT sums from a column on, those beyond the last column left out.
    template <class T, int COUNT> __device__ void store(int64_t row, int column, const float* sums) const {
        if (!whole) {
            for (int e = 0; e < COUNT && column + e < columns; ++e) store_one<T>(row, column + e, sums[e]);
            return;
        }
        if (column >= columns) return;
        using Wide = Pack<T, WIDE<T>>;
#pragma unroll
        for (int e = 0; e < COUNT; e += WIDE<T>) {
            const int64_t at = row * columns + column + e;
            Wide added, out;
            if (residual != nullptr) added = *reinterpret_cast<const Wide*>(static_cast<const T*>(residual) + at);
#pragma unroll
            for (int j = 0; j < WIDE<T>; ++j) {
                out.at[j] = from_float<T>(value(sums[e + j], column + e + j, residual == nullptr ? 0.f : to_float(added.at[j])));
            }
            *reinterpret_cast<Wide*>(static_cast<T*>(y) + at) = out;
        }
    }

    template <int COUNT> __device__ void store_any(int64_t row, int column, const float* sums) const {
        if (in_bf16) {
            store<bf16, COUNT>(row, column, sums);
        } else {
            store<float, COUNT>(row, column, sums);
        }
    }
};

inline Epilogue epilogue(kn_dptr y, kn_dptr scale, kn_dptr bias, kn_dptr residual, int64_t columns, int activation, kn_dtype dtype) {
    return {address<void>(y),
            address<const float>(scale),
            address<const float>(bias),
            address<const void>(residual),
            static_cast<int>(columns),
            activation,
            dtype == KN_BF16,
            columns % 8 == 0 && y % 16 == 0 && residual % 16 == 0};
}

/// The epilogue of a product, which can do a chain to sum + bias, and store that before, too.
struct ChainEpilogue {
    Epilogue e;  // of which a chain uses y, bias, columns and whole
    elementwise::Chain chain;
    elementwise::Typed before;  // null where it is not wanted
    bool chained;

    __device__ float sum_of(float sum, int column) const { return e.bias == nullptr ? sum : sum + e.bias[column]; }

    template <int COUNT> __device__ void store_any(int64_t row, int column, const float* sums) const {
        if (!chained) {
            e.store_any<COUNT>(row, column, sums);
            return;
        }
        const elementwise::Typed y{e.y, e.in_bf16};
        const int64_t at = row * e.columns + column;
        if (!e.whole) {
            for (int j = 0; j < COUNT && column + j < e.columns; ++j) {
                const float sum = sum_of(sums[j], column + j);
                if (before.at != nullptr) before.store_one(at + j, sum);
                y.store_one(at + j, chain.apply_one(sum, at + j));
            }
            return;
        }
        if (column >= e.columns) return;
        float v[COUNT];
#pragma unroll
        for (int j = 0; j < COUNT; ++j) v[j] = sum_of(sums[j], column + j);
        if (before.at != nullptr) before.store(at, v);
        chain.apply(v, at);
        y.store(at, v);
    }
};
}  // namespace kn::matmul
