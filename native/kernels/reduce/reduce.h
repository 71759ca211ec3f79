// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::reduce {
// 1: one thread a sum, one element at a time; 2: warps and blocks, 16 bytes at a time, long sums in parts
constexpr int VARIANTS = 2;

/// Sizes of six axes, and which of them go.
struct Axes {
    int64_t sizes[6];
    int32_t gone;
};

kn_status sum(int variant, kn_dptr y, kn_dptr x, const Axes& axes, float scale, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
kn_status norm(int variant, kn_dptr y, const int64_t* tensors, int64_t count, kn_dptr workspace, kn_handle stream);
}  // namespace kn::reduce
