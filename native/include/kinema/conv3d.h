/* 3D convolution (cross-correlation, dilation 1, one group) of x[n, t, h, w, i] with weight[o, i, kt, kh, kw] to y[n, t', h', w', o], where
 * t' = (t + 2 pt - kt) / st + 1, and so on, rounded down: see kinema.h for the rules.
 *
 * The kernels read the weights packed: [o, kt, kh, kw', i'] in dtype, where i' and kw' are i and kw filled up with zeros so that rows are whole
 * 16-byte chunks. Pack them once per change of the weights. */
#ifndef KINEMA_CONV3D_H
#define KINEMA_CONV3D_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How many elements weight[o, i, kt, kh, kw] has when packed in dtype; -1 if the sizes are bad. */
KN_API int64_t kn_conv3d_packed_elements(int64_t o, int64_t i, int64_t kt, int64_t kh, int64_t kw, kn_dtype dtype);
/* packed in dtype from weight[o, i, kt, kh, kw] in F32. */
KN_API kn_status kn_conv3d_pack(kn_dptr packed, kn_dptr weight, int64_t o, int64_t i, int64_t kt, int64_t kh, int64_t kw, kn_dtype dtype,
                                kn_handle stream);

/* y = relu?(scale conv(x, weight) + bias + residual): x, packed, residual (of y's shape) and y in dtype, scale[o] and bias[o] in F32; scale,
 * bias and residual are optional; y may be residual. */
KN_API kn_status kn_conv3d_forward(kn_dptr y, kn_dptr x, kn_dptr packed, kn_dptr scale, kn_dptr bias, kn_dptr residual, int64_t n,
                                   int64_t t, int64_t h, int64_t w, int64_t i, int64_t o, int64_t kt, int64_t kh, int64_t kw, int64_t st,
                                   int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw, int32_t relu, kn_dtype dtype,
                                   kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_conv3d_forward_workspace(int64_t n, int64_t t, int64_t h, int64_t w, int64_t i, int64_t o, int64_t kt, int64_t kh,
                                           int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw,
                                           kn_dtype dtype);

/* dgrad: dx[n, t, h, w, i] from dy[n, t', h', w', o] and the packed weights, all in dtype. */
KN_API kn_status kn_conv3d_input_gradient(kn_dptr dx, kn_dptr dy, kn_dptr packed, int64_t n, int64_t t, int64_t h, int64_t w, int64_t i,
                                          int64_t o, int64_t kt, int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt,
                                          int64_t ph, int64_t pw, kn_dtype dtype, kn_handle stream);

/* wgrad: dw[o, i, kt, kh, kw] in F32 from x and dy in dtype; the same bits in each run. */
KN_API kn_status kn_conv3d_weight_gradient(kn_dptr dw, kn_dptr x, kn_dptr dy, int64_t n, int64_t t, int64_t h, int64_t w, int64_t i,
                                           int64_t o, int64_t kt, int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt,
                                           int64_t ph, int64_t pw, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_conv3d_weight_gradient_workspace(int64_t n, int64_t t, int64_t h, int64_t w, int64_t i, int64_t o, int64_t kt,
                                                   int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph,
                                                   int64_t pw, kn_dtype dtype);

#ifdef __cplusplus
}
#endif
#endif
