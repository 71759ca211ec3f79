// The random numbers of dropout, for oracles.
#pragma once
#include <cstdint>
#include <vector>

namespace kn::lab {
/// Word i of the stream, written down from the paper a second time.
inline uint32_t philox_word(uint64_t seed, uint32_t step, uint32_t salt, uint64_t i) {
    uint32_t c[4] = {static_cast<uint32_t>(i / 4), static_cast<uint32_t>(i / 4 >> 32), step, salt};
    for (uint32_t round = 0; round < 10; ++round) {
        const uint32_t k0 = static_cast<uint32_t>(seed) + round * 0x9E3779B9u, k1 = static_cast<uint32_t>(seed >> 32) + round * 0xBB67AE85u;
        const uint64_t a = uint64_t{0xD2511F53u} * c[0], b = uint64_t{0xCD9E8D57u} * c[2];
        const uint32_t next[4] = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
                                  static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
        for (int w = 0; w < 4; ++w) c[w] = next[w];
    }
    return c[i % 4];
}

/// What dropout makes of x, element i, by the state random (seed, step).
inline double dropped(double x, const std::vector<double>& random, double p, uint32_t salt, uint64_t i) {
    const uint64_t seed = static_cast<uint64_t>(random[0]);
    const uint32_t step = static_cast<uint32_t>(static_cast<uint64_t>(random[1]));
    return philox_word(seed, step, salt, i) >= p * 0x1p32 ? x / (1 - p) : 0;
}
}  // namespace kn::lab
