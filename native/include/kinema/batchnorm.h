/* Batch norm of x[rows, channels], per channel: see kinema.h for the rules. mean, variance (biased), gamma, beta and their gradients are
 * [channels] in F32; x, y, dy and dx are in dtype. */
#ifndef KINEMA_BATCHNORM_H
#define KINEMA_BATCHNORM_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = relu?((x - mean) / sqrt(variance + epsilon) gamma + beta + residual) with the mean and variance of the rows, which are outputs too.
 * residual, like x, is optional; y may be x or residual. */
KN_API kn_status kn_batchnorm_forward(kn_dptr y, kn_dptr mean, kn_dptr variance, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr residual,
                                      int64_t rows, int64_t channels, float epsilon, int32_t relu, kn_dtype dtype, kn_dptr workspace,
                                      kn_handle stream);
KN_API int64_t kn_batchnorm_forward_workspace(int64_t rows, int64_t channels, kn_dtype dtype);

/* The same with given mean and variance. */
KN_API kn_status kn_batchnorm_inference(kn_dptr y, kn_dptr x, kn_dptr gamma, kn_dptr beta, kn_dptr mean, kn_dptr variance, kn_dptr residual,
                                        int64_t rows, int64_t channels, float epsilon, int32_t relu, kn_dtype dtype, kn_handle stream);

/* With z = (x - mean) / sqrt(variance + epsilon): dbeta = sum dy, dgamma = sum dy z, dx = gamma / sqrt(variance + epsilon) dy, where
 * batch_statistics with dy - dbeta / rows - z dgamma / rows in place of dy. beta is given where forward had relu and no residual, and else 0:
 * with it, dy is 0 where y was. dx may be dy. */
KN_API kn_status kn_batchnorm_gradient(kn_dptr dx, kn_dptr dgamma, kn_dptr dbeta, kn_dptr dy, kn_dptr x, kn_dptr gamma, kn_dptr beta,
                                       kn_dptr mean, kn_dptr variance, int64_t rows, int64_t channels, float epsilon,
                                       int32_t batch_statistics, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_batchnorm_gradient_workspace(int64_t rows, int64_t channels, kn_dtype dtype);

/* Into the layer before: with s = gamma / sqrt(variance + epsilon), folded[channels, row] = weight s and bias[channels] = beta - mean s, all in
 * F32; folded may be weight. */
KN_API kn_status kn_batchnorm_fold(kn_dptr folded, kn_dptr bias, kn_dptr weight, kn_dptr gamma, kn_dptr beta, kn_dptr mean, kn_dptr variance,
                                   int64_t channels, int64_t row, float epsilon, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
