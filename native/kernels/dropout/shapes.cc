// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "../../lab/lab.h"
#include "dropout.h"

namespace kn::lab {
namespace {
/// Word i of the stream, written down from the paper a second time.
uint32_t philox_word(uint64_t seed, uint32_t step, uint32_t salt, uint64_t i) {
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

void add_apply(Lab& lab, int64_t n, double p, kn_dtype dtype) {
    constexpr int32_t SALT = 3;
    Case c("dropout.apply", dtype, {{"n", n}, {"percent", static_cast<int64_t>(p * 100)}});
    c.variants = dropout::VARIANTS;
    c.inputs = {{dtype, n}, {KN_I64, 2, 1, int64_t{1} << 50}};
    c.outputs = {{dtype, n}};
    c.bytes = 2.0 * static_cast<double>(n * size_of(dtype));
    c.run = [=](int variant, const Call& call) {
        return dropout::apply(variant, call.out[0], call.in[0], call.in[1], n, p, SALT, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        const uint64_t seed = static_cast<uint64_t>(in[1][0]);
        const uint32_t step = static_cast<uint32_t>(static_cast<uint64_t>(in[1][1]));
        for (size_t i = 0; i < in[0].size(); ++i) out[0][i] = philox_word(seed, step, SALT, i) >= p * 0x1p32 ? in[0][i] / (1 - p) : 0;
    };
    lab.add(std::move(c));
}
}  // namespace

void register_dropout(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (int64_t n : {int64_t{1}, int64_t{257}, int64_t{4096 + 3}}) add_apply(lab, n, 0.25, dtype);
        add_apply(lab, 1003, 0.1, dtype);
        add_apply(lab, 64, 0, dtype);
    }
    // activations of TxE
    lab.full_size([](Lab& l) { add_apply(l, int64_t{10240} * 1024, 0.1, KN_BF16); });
}
}  // namespace kn::lab
