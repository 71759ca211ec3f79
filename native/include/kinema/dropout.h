/* Dropout: see kinema.h for the rules. */
#ifndef KINEMA_DROPOUT_H
#define KINEMA_DROPOUT_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[i] = x[i] / (1 - p) where word i of the Philox stream (seed, step, salt) is at least p 2^32, else 0; random[2] in I64 is (seed, step), of
 * which the step's low 32 bits count. 0 <= p < 1. The gradient is the same function of dy. y may be x. */
KN_API kn_status kn_dropout_apply(kn_dptr y, kn_dptr x, kn_dptr random, int64_t n, double p, int32_t salt, kn_dtype dtype, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
