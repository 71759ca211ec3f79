/* Pooling over windows of x[n, t, h, w, c] to y[n, t', h', w', c], where t' = (t + 2 pt - kt) / st + 1, and so on, rounded down: see kinema.h for
 * the rules. Gradients gather, so that their bits are the same in each run. */
#ifndef KINEMA_POOL3D_H
#define KINEMA_POOL3D_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y = the maximum over the window, in which padding (at most half the kernel) never wins; NaN does. winners, of y's shape, is which tap
 * (t * kh + h) * kw + w it was, the first of equals, in winners_dtype: U8 where the kernel has at most 256 taps, or I32; optional. */
KN_API kn_status kn_pool3d_max(kn_dptr y, kn_dptr winners, kn_dptr x, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt,
                               int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw,
                               kn_dtype winners_dtype, kn_dtype dtype, kn_handle stream);

/* dx[n, t, h, w, c] from dy[n, t', h', w', c] and the winners. */
KN_API kn_status kn_pool3d_max_gradient(kn_dptr dx, kn_dptr dy, kn_dptr winners, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c,
                                        int64_t kt, int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph,
                                        int64_t pw, kn_dtype winners_dtype, kn_dtype dtype, kn_handle stream);

/* y = the sum over the window divided by kt kh kw: padding counts as zeros. */
KN_API kn_status kn_pool3d_average(kn_dptr y, kn_dptr x, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt, int64_t kh,
                                   int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw, kn_dtype dtype,
                                   kn_handle stream);

/* dx[n, t, h, w, c] from dy[n, t', h', w', c]. */
KN_API kn_status kn_pool3d_average_gradient(kn_dptr dx, kn_dptr dy, int64_t n, int64_t t, int64_t h, int64_t w, int64_t c, int64_t kt,
                                            int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw,
                                            kn_dtype dtype, kn_handle stream);

/* y[n, c] in F32, the mean of x[n, positions, c] in dtype. */
KN_API kn_status kn_pool3d_global_average(kn_dptr y, kn_dptr x, int64_t n, int64_t positions, int64_t c, kn_dtype dtype, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
