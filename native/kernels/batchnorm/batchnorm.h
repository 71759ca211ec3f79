// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::batchnorm {
// 1: a thread a channel or an element; 2: tiles of columns, an element at a time; 3: tiles of columns, 16 bytes at a time
constexpr int VARIANTS = 3;

kn_status forward(int variant, kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta,
                  kn_dptr residual, int64_t rows, int64_t channels, float epsilon, bool relu, kn_dtype dtype, kn_dptr workspace,
                  kn_handle stream);
kn_status inference(int variant, kn_dptr y, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr mean, kn_dptr variance, kn_dptr residual,
                    int64_t rows, int64_t channels, float epsilon, bool relu, kn_dtype dtype, kn_handle stream);
kn_status gradient(int variant, kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr beta,
                   kn_dptr mean, kn_dptr variance, int64_t rows, int64_t channels, float epsilon, bool batch_statistics, kn_dtype dtype,
                   kn_dptr workspace, kn_handle stream);
/// Bytes that forward and gradient need.
int64_t workspace(int variant, int64_t rows, int64_t channels, kn_dtype dtype);
}  // namespace kn::batchnorm
