/* Matrix products: see kinema.h for the rules. */
#ifndef KINEMA_MATMUL_H
#define KINEMA_MATMUL_H

#include "../kinema.h"
#include "elementwise.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[batch, m, n] = activation(a b + bias + residual), activation one of KN_ACTIVATION_* (elementwise.h). a is [batch, m, k], or
 * [batch, k, m] where transpose_a; b is [batch, k, n], or [batch, n, k] where transpose_b, both in dtype. bias[n] in F32 and
 * residual[batch, m, n] are optional. y and residual are in y_dtype: that of the operands or F32; y may be residual. Sums are taken in F32.
 * A linear layer y = x w^T + bias is batch = 1, transpose_b. Where k is 0, the product is 0. */
KN_API kn_status kn_matmul_multiply(kn_dptr y, kn_dptr a, kn_dptr b, kn_dptr bias, kn_dptr residual, int64_t batch, int64_t m, int64_t n,
                                    int64_t k, int32_t transpose_a, int32_t transpose_b, int32_t activation, kn_dtype y_dtype,
                                    kn_dtype dtype, kn_handle stream);

/* The same product with the chain of kn_elementwise_chain on its sums: y = operation(dropout(activation(s)), other), s = a b + bias. Where
 * before[batch, m, n] is given, s is stored there, as the gradient of GELU needs it. y, before and other are each F32 or in dtype; y may be
 * other where it has its type. */
KN_API kn_status kn_matmul_chain(kn_dptr y, kn_dptr before, kn_dptr a, kn_dptr b, kn_dptr bias, kn_dptr random, kn_dptr other, int64_t batch,
                                 int64_t m, int64_t n, int64_t k, int32_t transpose_a, int32_t transpose_b, int32_t activation, double p,
                                 int32_t salt, int32_t operation, kn_dtype y_dtype, kn_dtype before_dtype, kn_dtype other_dtype,
                                 kn_dtype dtype, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
