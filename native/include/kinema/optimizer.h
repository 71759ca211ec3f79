/* Steps of optimizers, any number of tensors in a launch: see kinema.h for the rules.
 *
 * table is I64: count rows of KN_OPTIMIZER_COLUMNS numbers
 *   0  the parameter, in F32; written
 *   1  the gradient, in the type `gradients`
 *   2  the rate, one F32
 *   3  the buffer or first moment, in F32; written; 0 where there is none
 *   4  the second moment, in F32; written; 0 where there is none
 *   5  the step's number, one I64, 1 at the first; 0 where none is needed
 *   6  what the gradient is multiplied by, one F32; 0 where by nothing
 *   7  elements
 * and behind the rows count + 1 numbers, which kn_optimizer_blocks() fills. It is made in memory of the host, and lies in the device's for
 * as long as the addresses hold. */
#ifndef KINEMA_OPTIMIZER_H
#define KINEMA_OPTIMIZER_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KN_OPTIMIZER_COLUMNS 8

/* Completes a table in memory of the host whose rows are filled. How many blocks of threads work on it; -1 on failure. Addresses that are
 * not known yet are 0. */
KN_API int64_t kn_optimizer_blocks(int64_t* table, int64_t count);

/* g += weight_decay p; buffer = g at step 1, else momentum buffer + (1 - dampening) g; p -= rate (g + momentum buffer) with nesterov, else
 * p -= rate buffer. With momentum 0 there is no buffer: p -= rate g. */
KN_API kn_status kn_optimizer_sgd(kn_dptr table, int64_t count, int64_t blocks, double momentum, double dampening, int32_t nesterov,
                                  double weight_decay, kn_dtype gradients, kn_handle stream);

/* Where |p| and |g| are not 0, a = trust |p| / (|g| + weight_decay |p| + epsilon), with clip min(a / rate, 1), and g = a (g + weight_decay
 * p); then SGD without weight decay. */
KN_API kn_status kn_optimizer_lars(kn_dptr table, int64_t count, int64_t blocks, double momentum, double dampening, int32_t nesterov,
                                   double weight_decay, double trust, double epsilon, int32_t clip, kn_dtype gradients, kn_dptr workspace,
                                   kn_handle stream);
KN_API int64_t kn_optimizer_lars_workspace(int64_t blocks);

/* m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2, p -= rate (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + epsilon);
 * decoupled: p *= 1 - rate weight_decay before it, else g += weight_decay p. */
KN_API kn_status kn_optimizer_adam(kn_dptr table, int64_t count, int64_t blocks, double beta1, double beta2, double epsilon,
                                   double weight_decay, int32_t decoupled, kn_dtype gradients, kn_handle stream);

/* p = rate p + (1 - rate) g: the moving average p of g with decay `rate`. */
KN_API kn_status kn_optimizer_average(kn_dptr table, int64_t count, int64_t blocks, kn_dtype gradients, kn_handle stream);

/* Adds `by` to the last of n I64. */
KN_API kn_status kn_optimizer_increment(kn_dptr counter, int64_t n, int64_t by, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
