/* Operations on each element: see kinema.h for the rules. */
#ifndef KINEMA_ELEMENTWISE_H
#define KINEMA_ELEMENTWISE_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = f(x[i]); all may be in place. */
#define KN_UNARY_SCALE 0   /* alpha * x + beta */
#define KN_UNARY_RELU 1
#define KN_UNARY_GELU 2    /* x Phi(x), by erf */
#define KN_UNARY_SIGMOID 3
#define KN_UNARY_GELU_TANH 4 /* GELU in its tanh form, GPT-2's */
/* y[n], x[n] in dtype; alpha and beta are of SCALE. */
KN_API kn_status kn_elementwise_unary(kn_dptr y, kn_dptr x, int64_t n, int32_t operation, float alpha, float beta, kn_dtype dtype,
                                      kn_handle stream);

#define KN_BINARY_ADD 0
#define KN_BINARY_MUL 1
#define KN_BINARY_RELU_GRADIENT 2 /* a = dy, b = y: dy where y > 0 */
#define KN_BINARY_GELU_GRADIENT 3 /* a = dy, b = x */
#define KN_BINARY_GELU_TANH_GRADIENT 4
/* y[n] = f(a[n], b[i % period]) in dtype, period a divisor of n; y may be a. */
KN_API kn_status kn_elementwise_binary(kn_dptr y, kn_dptr a, kn_dptr b, int64_t n, int64_t period, int32_t operation, kn_dtype dtype,
                                       kn_handle stream);

#define KN_ACTIVATION_NONE 0
#define KN_ACTIVATION_RELU 1
#define KN_ACTIVATION_GELU 2      /* x Phi(x), by erf */
#define KN_ACTIVATION_GELU_TANH 3 /* Phi by tanh, as GPT-2 has it */
#define KN_CHAIN_END -1           /* no operation with another tensor */
/* A chain of neighbours in one pass, each of which may be absent: y[n] = operation(dropout(activation(x[n])), other[n]).
 * activation is one of KN_ACTIVATION_*; operation one of KN_BINARY_* but MUL with a = what comes before, b = other, or KN_CHAIN_END.
 * Dropout is that of kn_dropout_apply, with its numbers, and absent where random is 0. y, x and other are each F32 or BF16; y may be x or
 * other where it has its type. */
KN_API kn_status kn_elementwise_chain(kn_dptr y, kn_dptr x, kn_dptr random, kn_dptr other, int64_t n, int32_t activation, double p,
                                      int32_t salt, int32_t operation, kn_dtype y_dtype, kn_dtype x_dtype, kn_dtype other_dtype,
                                      kn_handle stream);

/* y[n] = x[n] in another type: F32 and BF16, either way. */
KN_API kn_status kn_elementwise_convert(kn_dptr y, kn_dptr x, int64_t n, kn_dtype to, kn_dtype from, kn_handle stream);

/* y[n] = value, in F32 or BF16. */
KN_API kn_status kn_elementwise_fill(kn_dptr y, int64_t n, float value, kn_dtype dtype, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
