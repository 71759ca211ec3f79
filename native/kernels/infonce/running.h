// What the one-pass kernels share: how the queue is split among blocks, and the sum of a row's exponentials while its scores come.
#pragma once
#include "parts.h"

namespace kn::infonce {
/// How the queue is split so that there are about as many blocks as asked for; of the shapes alone, as are the bits of the results.
struct Split {
    int64_t tiles, each, parts;  // tiles of keys, tiles of a part

    /// row_tiles: of as many rows as a block has.
    Split(int64_t row_tiles, int64_t capacity, int64_t keys, int64_t blocks) : tiles(ceil_div(capacity, keys)) {
        const int64_t wanted = blocks / row_tiles;
        each = ceil_div(tiles, wanted < 1 ? 1 : wanted);
        parts = ceil_div(tiles, each);
    }
};

/// A thread's share of a row's Part. UNIT: no score exceeds the bound, to the base 2, so that there is no running maximum.
template <bool UNIT> struct Running {
    Part part;

    __device__ void start(float bound) { part = {UNIT ? bound : -INFINITY, 0.f, 0}; }

    /// Brings the sum to a top that is not below the one before, nor below any score that is added next; what else was summed up to the one
    /// before is to be multiplied by what is returned.
    __device__ float raise(float higher) {
        const float shrink = higher == -INFINITY ? 0.f : exp2f(part.top - higher);
        part.sum *= shrink;
        part.top = higher;
        return shrink;
    }

    /// Adds the exponential of a score, times 2^-top, and returns it.
    __device__ float add(float score, float positive) {
        const float base = !UNIT && part.top == -INFINITY ? 0.f : part.top;
        const float weight = exp2f(score - base);
        part.above += score > positive;
        part.sum += weight;
        return weight;
    }
};
}  // namespace kn::infonce
