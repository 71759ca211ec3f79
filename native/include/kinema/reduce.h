/* Sums over axes and norms: see kinema.h for the rules. */
#ifndef KINEMA_REDUCE_H
#define KINEMA_REDUCE_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = scale times the sum of x[d0, d1, d2, d3, d4, d5] over those axes i whose bit 1 << i is set in `axes`; y[the axes that stay] in F32,
 * x in dtype. With no axes y is scale x. A sum of nothing is 0. */
KN_API kn_status kn_reduce_sum(kn_dptr y, kn_dptr x, int64_t d0, int64_t d1, int64_t d2, int64_t d3, int64_t d4, int64_t d5, int32_t axes,
                               float scale, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_reduce_sum_workspace(int64_t d0, int64_t d1, int64_t d2, int64_t d3, int64_t d4, int64_t d5, int32_t axes);

/* y = the Euclidean norm of all elements of `count` tensors, one F32. tensors is memory of the host, read during the call: rows of an
 * address, a dtype and the number of elements. */
#define KN_NORM_COLUMNS 3
KN_API kn_status kn_reduce_norm(kn_dptr y, const int64_t* tensors, int64_t count, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_reduce_norm_workspace(const int64_t* tensors, int64_t count);

/* y = min(1, limit / (norm + 1e-6)), one F32 each: what gradients are multiplied by so that their norm is at most the limit. */
KN_API kn_status kn_reduce_clip_factor(kn_dptr y, kn_dptr norm, float limit, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
