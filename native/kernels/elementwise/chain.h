// Neighbours that work on single elements, in one pass: an activation, dropout, an operation with another tensor. For a kernel of its own
// and for products, which do it to their sums.
#pragma once
#include "../../runtime/access.h"
#include "../../runtime/philox.h"
#include "functions.h"

namespace kn::elementwise {
/// A tensor in one of two types.
struct Typed {
    void* at;
    bool in_bf16;

    /// W elements from a multiple of W on.
    template <int W> __device__ void load(float (&values)[W], int64_t first) const {
        if (in_bf16) {
            kn::load(values, static_cast<const bf16*>(at) + first);
        } else {
            kn::load(values, static_cast<const float*>(at) + first);
        }
    }
    template <int W> __device__ void store(int64_t first, const float (&values)[W]) const {
        if (in_bf16) {
            kn::store(static_cast<bf16*>(at) + first, values);
        } else {
            kn::store(static_cast<float*>(at) + first, values);
        }
    }
    __device__ float load_one(int64_t i) const {
        return in_bf16 ? to_float(static_cast<const bf16*>(at)[i]) : static_cast<const float*>(at)[i];
    }
    __device__ void store_one(int64_t i, float value) const {
        if (in_bf16) {
            static_cast<bf16*>(at)[i] = to_bf16(value);
        } else {
            static_cast<float*>(at)[i] = value;
        }
    }
};
inline Typed typed(kn_dptr at, kn_dtype dtype) { return {address<void>(at), dtype == KN_BF16}; }

struct Chain {
    static constexpr int WORDS = 4;  // of a block of random numbers
    Typed other;                     // read where there is an operation
    const int64_t* random;           // (seed, step); null for no dropout
    uint32_t salt, threshold;
    float scale;
    int activation, operation;

    /// What becomes of W values that are elements first, first + 1, ... of the tensor; W and first are multiples of WORDS.
    template <int W> __device__ void apply(float (&v)[W], int64_t first) const {
        if (activation != KN_ACTIVATION_NONE) {
#pragma unroll
            for (int j = 0; j < W; ++j) v[j] = activate(activation, v[j]);
        }
        if (random != nullptr) {
            const uint64_t seed = static_cast<uint64_t>(random[0]);
            const uint32_t step = static_cast<uint32_t>(random[1]);
#pragma unroll
            for (int b = 0; b < W / WORDS; ++b) {
                const PhiloxWords words = philox(seed, step, salt, static_cast<uint64_t>(first / WORDS + b));
#pragma unroll
                for (int j = 0; j < WORDS; ++j) v[b * WORDS + j] = keeps(words.at[j], threshold) ? v[b * WORDS + j] * scale : 0.f;
            }
        }
        if (operation != KN_CHAIN_END) {
            float with[W];
            other.load(with, first);
#pragma unroll
            for (int j = 0; j < W; ++j) v[j] = combine(operation, v[j], with[j]);
        }
    }

    /// The same for one element anywhere.
    __device__ float apply_one(float v, int64_t i) const {
        if (activation != KN_ACTIVATION_NONE) v = activate(activation, v);
        if (random != nullptr) {
            const PhiloxWords words = philox(static_cast<uint64_t>(random[0]), static_cast<uint32_t>(random[1]), salt,
                                             static_cast<uint64_t>(i / WORDS));
            v = keeps(words.at[i % WORDS], threshold) ? v * scale : 0.f;
        }
        return operation == KN_CHAIN_END ? v : combine(operation, v, other.load_one(i));
    }
};

/// p: of dropout, checked.
inline Chain chain_of(int activation, kn_dptr random, double p, int32_t salt, int operation, kn_dptr other, kn_dtype other_dtype) {
    return {typed(other, other_dtype),
            address<const int64_t>(random),
            static_cast<uint32_t>(salt),
            least_kept(p),
            static_cast<float>(1 / (1 - p)),
            activation,
            operation};
}

/// KN_OK, or refused with a sentence that begins with what.
kn_status check_chain(const char* what, int activation, double p, int operation, kn_dptr other, kn_dtype other_dtype);
}  // namespace kn::elementwise
