/* Layer norm of the rows of x[rows, width]: see kinema.h for the rules. mean and variance (biased) are [rows], gamma, beta and their
 * gradients [width], in F32; x, dy and dx are in dtype. */
#ifndef KINEMA_LAYERNORM_H
#define KINEMA_LAYERNORM_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = (x - mean) / sqrt(variance + epsilon) gamma + beta in y_dtype: dtype, or BF16, as where products read it; mean and variance are outputs.
 * y may be x where it has its type. */
KN_API kn_status kn_layernorm_forward(kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, int64_t rows,
                                      int64_t width, float epsilon, kn_dtype y_dtype, kn_dtype dtype, kn_handle stream);

/* With z = (x - mean) / sqrt(variance + epsilon) and g = dy gamma: dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon), with means over
 * the row; dbeta = sum dy and dgamma = sum dy z over the rows; dx may be dy. */
KN_API kn_status kn_layernorm_gradient(kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr mean,
                                       kn_dptr variance, int64_t rows, int64_t width, float epsilon, kn_dtype dtype, kn_dptr workspace,
                                       kn_handle stream);
KN_API int64_t kn_layernorm_gradient_workspace(int64_t rows, int64_t width, kn_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
