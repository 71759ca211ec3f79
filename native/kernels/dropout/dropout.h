// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::dropout {
// 1: an element a thread, which makes the block of four random words that it is in; 2: 16 bytes a thread, all words used
constexpr int VARIANTS = 2;

kn_status apply(int variant, kn_dptr y, kn_dptr x, kn_dptr random, int64_t n, double p, int32_t salt, kn_dtype dtype, kn_handle stream);
}  // namespace kn::dropout
