// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::layernorm {
// 1: a thread a row; 2: a warp a row, an element at a time; 3: a warp a row, which it keeps in registers, 16 bytes at a time
constexpr int VARIANTS = 3;

kn_status forward(int variant, kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, int64_t rows,
                  int64_t width, float epsilon, kn_dtype y_dtype, kn_dtype dtype, kn_handle stream);
kn_status gradient(int variant, kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr mean,
                   kn_dptr variance, int64_t rows, int64_t width, float epsilon, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
/// Bytes that the gradient needs.
int64_t workspace(int variant, int64_t rows, int64_t width, kn_dtype dtype);
}  // namespace kn::layernorm
