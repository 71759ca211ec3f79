// The functions of single elements, in float: one place for all kernels that take them, so that they compute the same.
#pragma once
#include "../../runtime/kernel.h"

namespace kn::elementwise {
struct Scale {
    float alpha, beta;
    __device__ float operator()(float x) const { return fmaf(alpha, x, beta); }
};
struct Relu {
    __device__ float operator()(float x) const { return x < 0.f ? 0.f : x; }  // NaN stays NaN
};
struct Gelu {
    __device__ float operator()(float x) const { return 0.5f * x * (1.f + erff(x * 0.70710678f)); }
};
/// x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and Gimpel, arXiv:1606.08415, section 2.
__device__ inline float gelu_tanh(float x) { return tanhf(0.79788456f * fmaf(0.044715f * x * x, x, x)); }
struct GeluTanh {
    __device__ float operator()(float x) const { return 0.5f * x * (1.f + gelu_tanh(x)); }
};
struct Sigmoid {
    __device__ float operator()(float x) const { return 1.f / (1.f + expf(-x)); }
};
/// Rounded by itself: as one operation with a product before it, a sum would have other bits in a chain than alone.
struct Add {
    __device__ float operator()(float a, float b) const { return __fadd_rn(a, b); }
};
struct Mul {
    __device__ float operator()(float a, float b) const { return a * b; }
};
struct ReluGradient {
    __device__ float operator()(float dy, float y) const { return y > 0.f ? dy : 0.f; }
};
struct GeluGradient {
    __device__ float operator()(float dy, float x) const {
        const float distribution = 0.5f * (1.f + erff(x * 0.70710678f));
        return dy * (distribution + x * 0.39894228f * expf(-0.5f * x * x));
    }
};
struct GeluTanhGradient {
    __device__ float operator()(float dy, float x) const {
        const float t = gelu_tanh(x);
        return dy * (0.5f * (1.f + t) + 0.5f * x * (1.f - t * t) * 0.79788456f * (1.f + 0.134145f * x * x));
    }
};

__device__ inline float activate(int activation, float x) {
    switch (activation) {
        case KN_ACTIVATION_RELU: return Relu{}(x);
        case KN_ACTIVATION_GELU: return Gelu{}(x);
        case KN_ACTIVATION_GELU_TANH: return GeluTanh{}(x);
        default: return x;
    }
}

/// One of KN_BINARY_*, as a chain has them.
__device__ inline float combine(int operation, float a, float b) {
    switch (operation) {
        case KN_BINARY_ADD: return Add{}(a, b);
        case KN_BINARY_RELU_GRADIENT: return ReluGradient{}(a, b);
        case KN_BINARY_GELU_GRADIENT: return GeluGradient{}(a, b);
        default: return GeluTanhGradient{}(a, b);
    }
}
}  // namespace kn::elementwise
