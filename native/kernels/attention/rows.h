// What all variants know of the operands: where rows lie, who sees whom, what dropout does.
#pragma once
#include "../../runtime/kernel.h"
#include "../../runtime/philox.h"
#include "attention.h"

namespace kn::attention {
/// The operands on the device.
template <class T> struct Rows {
    const T *q, *k, *v;
    const uint8_t* mask;    // null where absent
    const int64_t* random;  // null where nothing is dropped
    int queries, keys, heads, depth;
    bool causal;
    uint32_t threshold, salt;
    float kept;   // 1 / (1 - dropout)
    float scale;  // 1 / sqrt(depth)

    __device__ int64_t width() const { return static_cast<int64_t>(heads) * depth; }
    /// Where row i of a head begins, in tensors with as many rows as there are queries; for keys alike.
    __device__ int64_t query_at(int64_t b, int h, int i) const { return (b * queries + i) * width() + static_cast<int64_t>(h) * depth; }
    __device__ int64_t key_at(int64_t b, int h, int j) const { return (b * keys + j) * width() + static_cast<int64_t>(h) * depth; }

    /// How many keys, from the first, a query may see for all that causality says.
    __device__ int visible(int i) const { return !causal ? keys : max(0, min(keys, i + keys - queries + 1)); }
    /// The first query that sees key j, for all that causality says; may be the number of queries.
    __device__ int first_query(int j) const { return !causal ? 0 : max(0, min(queries, j - (keys - queries))); }
    __device__ bool sees(int64_t b, int i, int j) const { return j < visible(i) && (mask == nullptr || mask[b * keys + j] == 0); }

    /// What dropout multiplies the probability of key j in a row with, row being (b * heads + h) * queries + i.
    __device__ float factor(int64_t row, int j) const {
        if (random == nullptr) return 1.f;
        const uint64_t element = static_cast<uint64_t>(row) * static_cast<uint64_t>(keys) + static_cast<uint64_t>(j);
        const PhiloxWords words = philox(static_cast<uint64_t>(random[0]), static_cast<uint32_t>(random[1]), salt, element / 4);
        // not by an index, which would put the words into local memory
        const uint32_t low = element & 1 ? words.at[1] : words.at[0], high = element & 1 ? words.at[3] : words.at[2];
        return keeps(element & 2 ? high : low, threshold) ? kept : 0.f;
    }
};

template <class T> Rows<T> rows_of(const Operands& o) {
    return {address<const T>(o.q),
            address<const T>(o.k),
            address<const T>(o.v),
            address<const uint8_t>(o.mask),
            o.dropout > 0 ? address<const int64_t>(o.random) : nullptr,
            static_cast<int>(o.queries),
            static_cast<int>(o.keys),
            static_cast<int>(o.heads),
            static_cast<int>(o.depth),
            o.causal,
            least_kept(o.dropout),
            static_cast<uint32_t>(o.salt),
            static_cast<float>(1 / (1 - o.dropout)),
            static_cast<float>(1 / std::sqrt(static_cast<double>(o.depth)))};
}

/// exp(x - top), 0 where x is minus infinity, whatever top is.
__device__ inline float exp_below(float x, float top) { return x == -INFINITY ? 0.f : expf(x - top); }
}  // namespace kn::attention
