/* Steps of optimizers, many tensors in a launch: see kinema.h for the rules.
 *
 * tensors is memory of the host, read during the call: count rows of KN_OPTIMIZER_COLUMNS numbers
 *   0  the parameter, in F32; written
 *   1  the gradient, in the type `gradients`
 *   2  the rate, one F32
 *   3  the buffer or first moment, in F32; written; 0 where there is none
 *   4  the second moment, in F32; written; 0 where there is none
 *   5  the step's number, one I64, 1 at the first; 0 where none is needed
 *   6  what the gradient is multiplied by, one F32; 0 where by nothing
 *   7  elements */
#ifndef KINEMA_OPTIMIZER_H
#define KINEMA_OPTIMIZER_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KN_OPTIMIZER_COLUMNS 8

/* g += weight_decay p; buffer = g at step 1, else momentum buffer + (1 - dampening) g; p -= rate (g + momentum buffer) with nesterov, else
 * p -= rate buffer. With momentum 0 there is no buffer: p -= rate g. */
KN_API kn_status kn_optimizer_sgd(const int64_t* tensors, int64_t count, double momentum, double dampening, int32_t nesterov,
                                  double weight_decay, kn_dtype gradients, kn_handle stream);

/* Where |p| and |g| are not 0, a = trust |p| / (|g| + weight_decay |p| + epsilon), with clip min(a / rate, 1), and g = a (g + weight_decay
 * p); then SGD without weight decay. */
KN_API kn_status kn_optimizer_lars(const int64_t* tensors, int64_t count, double momentum, double dampening, int32_t nesterov,
                                   double weight_decay, double trust, double epsilon, int32_t clip, kn_dtype gradients, kn_dptr workspace,
                                   kn_handle stream);
KN_API int64_t kn_optimizer_lars_workspace(const int64_t* tensors, int64_t count);

/* m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= rate (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon);
 * decoupled: p *= 1 - rate weight_decay before it, else g += weight_decay p. */
KN_API kn_status kn_optimizer_adam(const int64_t* tensors, int64_t count, double beta1, double beta2, double epsilon, double weight_decay,
                                   int32_t decoupled, kn_dtype gradients, kn_handle stream);

/* p = rate p + (1 - rate) g: the moving average p of g with decay `rate`. */
KN_API kn_status kn_optimizer_average(const int64_t* tensors, int64_t count, kn_dtype gradients, kn_handle stream);

/* Adds `by` to the last of n I64. */
KN_API kn_status kn_optimizer_increment(kn_dptr counter, int64_t n, int64_t by, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
