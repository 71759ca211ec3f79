// What is done to the sums before they are stored: activation(scale sum + bias + residual).
#pragma once
#include "../../runtime/kernel.h"

namespace kn::matmul {
__device__ inline float activate(int activation, float x) {
    switch (activation) {
        case KN_ACTIVATION_RELU: return x < 0.f ? 0.f : x;  // NaN stays NaN
        case KN_ACTIVATION_GELU: return 0.5f * x * (1.f + erff(x * 0.70710678f));
        case KN_ACTIVATION_GELU_TANH: return 0.5f * x * (1.f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)));
        default: return x;
    }
}

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
}  // namespace kn::matmul
