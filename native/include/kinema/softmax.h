/* Softmax, and losses that compare with labels and targets: see kinema.h for the rules. */
#ifndef KINEMA_SOFTMAX_H
#define KINEMA_SOFTMAX_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[rows, columns] = exp(x) / sum exp(x) along a row, in dtype; y may be x. */
KN_API kn_status kn_softmax_forward(kn_dptr y, kn_dptr x, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream);
/* dx = y (dy - sum dy y along a row), all [rows, columns] in dtype; dx may be dy. */
KN_API kn_status kn_softmax_gradient(kn_dptr dx, kn_dptr dy, kn_dptr y, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream);

/* loss = the mean cross-entropy of logits[rows, columns] in dtype against labels[rows] in I32, one F32. Rows labelled `ignored` count
 * neither in the sum nor in the mean, which is 0 where all are; the target is (1 - smoothing) at the label and smoothing / columns
 * everywhere. A label outside [0, columns) makes the loss NaN and sets the fault word, which is optional. */
KN_API kn_status kn_softmax_cross_entropy(kn_dptr loss, kn_dptr fault, kn_dptr logits, kn_dptr labels, int64_t rows, int64_t columns,
                                          int32_t ignored, double smoothing, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_softmax_cross_entropy_workspace(int64_t rows);
/* dlogits[rows, columns] = dloss (softmax - target) / rows counted, in dtype, 0 in rows ignored; dloss is one F32. */
KN_API kn_status kn_softmax_cross_entropy_gradient(kn_dptr dlogits, kn_dptr fault, kn_dptr dloss, kn_dptr logits, kn_dptr labels,
                                                   int64_t rows, int64_t columns, int32_t ignored, double smoothing, kn_dtype dtype,
                                                   kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_softmax_cross_entropy_gradient_workspace(int64_t rows);

/* loss = the mean over n logits x of max(x, 0) - t x + log(1 + exp(-|x|)) for targets t, one F32; logits and targets in dtype. */
KN_API kn_status kn_softmax_binary_cross_entropy(kn_dptr loss, kn_dptr logits, kn_dptr targets, int64_t n, kn_dtype dtype,
                                                 kn_dptr workspace, kn_handle stream);
/* dlogits = dloss (sigmoid(x) - t) / n, in dtype; dloss is one F32; dlogits may be logits. */
KN_API kn_status kn_softmax_binary_cross_entropy_gradient(kn_dptr dlogits, kn_dptr dloss, kn_dptr logits, kn_dptr targets, int64_t n,
                                                          kn_dtype dtype, kn_handle stream);
/* loss = the mean of (a - b)^2 over n elements in dtype, one F32. */
KN_API kn_status kn_softmax_squared_error(kn_dptr loss, kn_dptr a, kn_dptr b, int64_t n, kn_dtype dtype, kn_dptr workspace,
                                          kn_handle stream);
/* What the two means over n elements need. */
KN_API int64_t kn_softmax_mean_workspace(int64_t n);

#ifdef __cplusplus
}
#endif
#endif
