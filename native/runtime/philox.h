// Philox4x32-10 (Salmon et al., SC 2011), with the counter and key of dev.kinema.graph.Philox: the same numbers on every device.
#pragma once
#include <cmath>

#include "kernel.h"

namespace kn {
struct PhiloxWords {
    uint32_t at[4];
};

/// Block b of the stream (seed, step, salt); element i of the stream is word i % 4 of block i / 4.
__device__ inline PhiloxWords philox(uint64_t seed, uint32_t step, uint32_t salt, uint64_t b) {
    uint32_t c0 = static_cast<uint32_t>(b), c1 = static_cast<uint32_t>(b >> 32), c2 = step, c3 = salt;
    uint32_t k0 = static_cast<uint32_t>(seed), k1 = static_cast<uint32_t>(seed >> 32);
#pragma unroll
    for (int round = 0; round < 10; ++round) {
        const uint32_t h0 = __umulhi(0xD2511F53u, c0), l0 = 0xD2511F53u * c0;
        const uint32_t h1 = __umulhi(0xCD9E8D57u, c2), l1 = 0xCD9E8D57u * c2;
        c0 = h1 ^ c1 ^ k0;
        c2 = h0 ^ c3 ^ k1;
        c1 = l1;
        c3 = l0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
}

/// The least word that dropout with probability p keeps: p * 2^32 (dev.kinema.graph.op.Dropout), rounded up, for all kernels alike.
inline uint32_t least_kept(double p) {
    const double least = std::ceil(p * 0x1p32);
    return static_cast<uint32_t>(least < 4294967295.0 ? least : 4294967295.0);
}

/// Whether dropout keeps an element for these bits: with probability 1 - p, threshold = least_kept(p).
__device__ inline bool keeps(uint32_t bits, uint32_t threshold) { return bits >= threshold; }
}  // namespace kn
