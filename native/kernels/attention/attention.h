// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::attention {
// 1: a warp for each row, any shape; 2: a warp for each head, up to 8 queries and keys; 3: tiles, bf16 on tensor cores, float in registers
constexpr int VARIANTS = 3;

struct Operands {
    kn_dptr q, k, v, mask, random;  // mask and random: 0 where absent
    int64_t batch, queries, keys, heads, depth;
    bool causal;
    double dropout;
    int32_t salt;
    kn_dtype dtype;
};

kn_status forward(int variant, kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream);
kn_status gradient(int variant, kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr y, kn_dptr log_sums, const Operands& o,
                   kn_dptr workspace, kn_handle stream);
}  // namespace kn::attention
