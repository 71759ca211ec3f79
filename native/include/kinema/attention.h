/* Multi-head attention without its projections: see kinema.h for the rules. */
#ifndef KINEMA_ATTENTION_H
#define KINEMA_ATTENTION_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = softmax(q k^T / sqrt(depth)) v for each head: q, y[batch, queries, heads * depth], k, v[batch, keys, heads * depth] in dtype; head h
 * is the columns from h * depth on. Sums and probabilities are F32.
 *
 * mask[batch, keys] in U8 is optional: 1 at keys that are not seen. Where causal is not 0, query i sees the keys up to i + keys - queries.
 * A query that sees no key gets zeros. Where dropout is not 0, random[2] in I64 (seed, step) is needed: a probability is kept, and scaled
 * by 1 / (1 - dropout), where element ((b * heads + h) * queries + i) * keys + j of the Philox stream salt is at least dropout * 2^32.
 * log_sums[batch, heads, queries] in F32: the logarithm of each row's sum of exponentials; 0 for a query that sees no key. */
KN_API kn_status kn_attention_forward(kn_dptr y, kn_dptr log_sums, kn_dptr q, kn_dptr k, kn_dptr v, kn_dptr mask, kn_dptr random,
                                      int64_t batch, int64_t queries, int64_t keys, int64_t heads, int64_t depth, int32_t causal,
                                      double dropout, int32_t salt, kn_dtype dtype, kn_handle stream);

/* From dy, the inputs and the results of the above to dq, dk and dv, all in dtype; probabilities are computed again. */
KN_API kn_status kn_attention_gradient(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr q, kn_dptr k, kn_dptr v, kn_dptr y,
                                       kn_dptr log_sums, kn_dptr mask, kn_dptr random, int64_t batch, int64_t queries, int64_t keys,
                                       int64_t heads, int64_t depth, int32_t causal, double dropout, int32_t salt, kn_dtype dtype,
                                       kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_attention_gradient_workspace(int64_t batch, int64_t queries, int64_t heads);

#ifdef __cplusplus
}
#endif
#endif
