// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::elementwise {
// 1: one element at a time; 2: 16 bytes at a time
constexpr int VARIANTS = 2;

kn_status unary(int variant, kn_dptr y, kn_dptr x, int64_t n, int32_t operation, float alpha, float beta, kn_dtype dtype,
                kn_handle stream);
kn_status binary(int variant, kn_dptr y, kn_dptr a, kn_dptr b, int64_t n, int64_t period, int32_t operation, kn_dtype dtype,
                 kn_handle stream);
kn_status chain(int variant, kn_dptr y, kn_dptr x, kn_dptr random, kn_dptr other, int64_t n, int activation, double p, int32_t salt,
                int operation, kn_dtype y_dtype, kn_dtype x_dtype, kn_dtype other_dtype, kn_handle stream);
}  // namespace kn::elementwise
