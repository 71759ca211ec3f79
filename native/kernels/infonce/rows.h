// The functions on rows, with a variant for the lab; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::infonce {
// 1: one element at a time; 2: 16 bytes at a time
constexpr int ROW_VARIANTS = 2;

kn_status normalize(int variant, kn_dptr y, kn_dptr norms, kn_dptr x, int64_t rows, int64_t width, double epsilon, kn_dtype dtype,
                    kn_handle stream);
kn_status normalize_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr y, kn_dptr norms, int64_t rows, int64_t width, double epsilon,
                             kn_dtype dtype, kn_handle stream);
}  // namespace kn::infonce
