/* Matrix products: see kinema.h for the rules. */
#ifndef KINEMA_MATMUL_H
#define KINEMA_MATMUL_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KN_ACTIVATION_NONE 0
#define KN_ACTIVATION_RELU 1
#define KN_ACTIVATION_GELU 2      /* x Phi(x), by erf */
#define KN_ACTIVATION_GELU_TANH 3 /* Phi by tanh, as GPT-2 has it */

/* y[batch, m, n] = activation(a b + bias + residual). a is [batch, m, k], or [batch, k, m] where transpose_a; b is [batch, k, n], or
 * [batch, n, k] where transpose_b, both in dtype. bias[n] in F32 and residual[batch, m, n] are optional. y and residual are in y_dtype: that
 * of the operands or F32; y may be residual. Sums are taken in F32. A linear layer y = x w^T + bias is batch = 1, transpose_b. Where k is 0,
 * the product is 0. */
KN_API kn_status kn_matmul_multiply(kn_dptr y, kn_dptr a, kn_dptr b, kn_dptr bias, kn_dptr residual, int64_t batch, int64_t m, int64_t n,
                                    int64_t k, int32_t transpose_a, int32_t transpose_b, int32_t activation, kn_dtype y_dtype,
                                    kn_dtype dtype, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
