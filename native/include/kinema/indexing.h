/* What moves elements: see kinema.h for the rules. dtype is F32 or BF16. */
#ifndef KINEMA_INDEXING_H
#define KINEMA_INDEXING_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[outer, count, inner] = x[outer, indices[i], inner], x[outer, size, inner], indices[count] in I32. Entries of an index that is outside
 * [0, size) are NaN and set the fault word, which is optional. */
KN_API kn_status kn_indexing_gather(kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                                    int64_t count, kn_dtype dtype, kn_handle stream);

/* y[outer, size, inner] in F32 = for each entry the sum of the x[outer, i, inner] whose indices[i] name it, in the order of i; x[outer,
 * count, inner] in dtype, indices[count] in I32. An index outside [0, size) adds nothing and sets the fault word, which is optional. */
KN_API kn_status kn_indexing_scatter_add(kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                                         int64_t count, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_indexing_scatter_add_workspace(int64_t outer, int64_t size, int64_t inner, int64_t count);

/* y[rows, y_width] = x[rows, start + j], and 0 where start + j is outside [0, x_width); x[rows, x_width]. */
KN_API kn_status kn_indexing_window(kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                                    kn_handle stream);

/* y[rows, start + j] = x[rows, j] for x[rows, x_width]; the rest of y[rows, y_width] stays. */
KN_API kn_status kn_indexing_insert(kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                                    kn_handle stream);

/* y[d0, d1, d2, d3, d4, d5] = x[i0 s0 + i1 s1 + ... + i5 s5]: a transpose, or with strides of 0 a repetition. */
KN_API kn_status kn_indexing_strided(kn_dptr y, kn_dptr x, int64_t d0, int64_t d1, int64_t d2, int64_t d3, int64_t d4, int64_t d5,
                                     int64_t s0, int64_t s1, int64_t s2, int64_t s3, int64_t s4, int64_t s5, kn_dtype dtype,
                                     kn_handle stream);

/* y[i] = a[i] where mask[i / run] is not 0, else b[i % period]: y[n], a[n], b[period] in dtype, mask[n / run] in U8; y may be a. */
KN_API kn_status kn_indexing_select(kn_dptr y, kn_dptr mask, kn_dptr a, kn_dptr b, int64_t n, int64_t run, int64_t period, kn_dtype dtype,
                                    kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
