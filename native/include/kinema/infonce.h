/* Contrast: InfoNCE against a queue and within a batch, rows of unit length, the ring that a queue is. See kinema.h for the rules. */
#ifndef KINEMA_INFONCE_H
#define KINEMA_INFONCE_H

#include "../kinema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The rows of a contrast, made ready for the functions below in one launch. Where q_raw[rows, width] in F32 is given, q in dtype becomes
 * q_raw / max(|q_raw|, q_epsilon), as do q_unit[rows, width] in F32, which may be q where dtype is F32, and q_norms[rows] in F32 the lengths;
 * else q is read, and these are 0. The same for k. positives[rows] in F32, which are optional, become q . k over the temperature. */
KN_API kn_status kn_infonce_pairs(kn_dptr positives, kn_dptr q, kn_dptr k, kn_dptr q_unit, kn_dptr q_norms, kn_dptr q_raw, double q_epsilon,
                                  kn_dptr k_unit, kn_dptr k_norms, kn_dptr k_raw, double k_epsilon, int64_t rows, int64_t width,
                                  double temperature, kn_dtype dtype, kn_handle stream);

/* Cross-entropy of each row's scores, its positive q . k first, then q . queue^T, all over the temperature; loss[1] in F32 is the mean.
 * q, k[rows, width] and queue[capacity, width] in dtype. log_sums[rows] in F32: the logarithm of the sum of exponentials. ranks[rows] in
 * I32: how many of the queue score higher than the positive. No score is stored where the width is 256 at most, in BF16 a multiple of 8;
 * else a few megabytes of them at a time are.
 *
 * positives[rows] in F32 are those of kn_infonce_pairs; 0: they are computed. count[1] in I32 is optional: only the first count rows take
 * part, and the mean is over them; the others get log_sums 0 and ranks -1. With a count that is not 1 to rows, no row takes part, the loss
 * is NaN and the fault word, which is optional, is set. owners[rows] and queue_owners[capacity] in I32 are optional, both or none: rows of
 * the queue that have a row's owner are left out of its scores; -1 is the owner of nothing. unit_length is 1 where all rows of q and k are
 * known to be of length 1 at most, and those of the queue of 7/4 at most, as no maximum is looked for then (unless the temperature is below
 * 1/30, too low for that). */
KN_API kn_status kn_infonce_loss(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr fault, kn_dptr q, kn_dptr k, kn_dptr queue,
                                 kn_dptr positives, kn_dptr count, kn_dptr owners, kn_dptr queue_owners, int64_t rows, int64_t width,
                                 int64_t capacity, double temperature, int32_t unit_length, kn_dtype dtype, kn_dptr workspace,
                                 kn_handle stream);
KN_API int64_t kn_infonce_loss_workspace(int64_t rows, int64_t width, int64_t capacity, kn_dtype dtype);

/* The loss as above, and in the same pass over the queue what the gradient needs of it: pulled[rows, width] and negatives[rows] in F32, the
 * sum of the queue's rows, each times its probability, and the sum of these probabilities. */
KN_API kn_status kn_infonce_one_pass(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr fault, kn_dptr pulled, kn_dptr negatives,
                                     kn_dptr q, kn_dptr k, kn_dptr queue, kn_dptr positives, kn_dptr count, kn_dptr owners,
                                     kn_dptr queue_owners, int64_t rows, int64_t width, int64_t capacity, double temperature,
                                     int32_t unit_length, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_infonce_one_pass_workspace(int64_t rows, int64_t width, int64_t capacity, kn_dtype dtype);

/* From the gradient of the loss, dloss[1] in F32, and what one_pass has left to dq, dk[rows, width] in F32; 0 for rows that take no part.
 * The queue has no gradient. Where norms[rows] and unit[rows, width] in F32 are given, as kn_infonce_pairs has made them by epsilon, dq is
 * the gradient of what was normalised: see kn_infonce_normalize_gradient. */
KN_API kn_status kn_infonce_pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, kn_dptr q, kn_dptr k,
                                 kn_dptr count, kn_dptr unit, kn_dptr norms, double epsilon, int64_t rows, int64_t width,
                                 double temperature, kn_dtype dtype, kn_handle stream);

/* The gradient of q and k as they are from log_sums alone, which goes over the queue again and takes its time: for where nothing better is
 * left. */
KN_API kn_status kn_infonce_gradient(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr q, kn_dptr k, kn_dptr queue, kn_dptr log_sums,
                                     kn_dptr count, kn_dptr owners, kn_dptr queue_owners, int64_t rows, int64_t width, int64_t capacity,
                                     double temperature, kn_dtype dtype, kn_handle stream);

/* With negatives of the batch only, both ways: row i of a[rows, width] is told from all rows of b[rows, width], of which b_i is the
 * positive, and all other rows of a; the same from b to a; loss[1] in F32 is the sum of the two means. log_sums[2, rows] in F32. */
KN_API kn_status kn_infonce_batch_loss(kn_dptr loss, kn_dptr log_sums, kn_dptr a, kn_dptr b, int64_t rows, int64_t width,
                                       double temperature, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
KN_API int64_t kn_infonce_batch_loss_workspace(int64_t rows, int64_t width, kn_dtype dtype);
/* From dloss[1] in F32 to da, db[rows, width] in F32. Where norms and unit rows of a are given, as kn_infonce_pairs has made them by
 * a_epsilon, da is the gradient of what was normalised. The same for b. */
KN_API kn_status kn_infonce_batch_gradient(kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr a, kn_dptr b, kn_dptr log_sums, kn_dptr a_unit,
                                           kn_dptr a_norms, double a_epsilon, kn_dptr b_unit, kn_dptr b_norms, double b_epsilon,
                                           int64_t rows, int64_t width, double temperature, kn_dtype dtype, kn_dptr workspace,
                                           kn_handle stream);
KN_API int64_t kn_infonce_batch_gradient_workspace(int64_t rows, int64_t width, kn_dtype dtype);

/* y[rows, width] = x / max(|x|, epsilon) for each row, both in dtype; norms[rows] in F32: |x|. */
KN_API kn_status kn_infonce_normalize(kn_dptr y, kn_dptr norms, kn_dptr x, int64_t rows, int64_t width, double epsilon, kn_dtype dtype,
                                      kn_handle stream);
/* dx = (dy - y (y . dy)) / norm; dy / epsilon where the norm is below epsilon. dx[rows, width], dy and y in dtype; dx may be dy. */
KN_API kn_status kn_infonce_normalize_gradient(kn_dptr dx, kn_dptr dy, kn_dptr y, kn_dptr norms, int64_t rows, int64_t width,
                                               double epsilon, kn_dtype dtype, kn_handle stream);

/* Writes rows[row_count, row_bytes] into the ring queue[capacity, row_bytes] from pointer[1] in I64 on, wrapping at its end, and moves the
 * pointer; row_count <= capacity. count[1] in I32 is optional: only the first count rows. Where the count is not 0 to row_count or the
 * pointer not in the ring, nothing is written, and the fault word of the one that is wrong is set; both words are optional. */
KN_API kn_status kn_infonce_enqueue(kn_dptr queue, kn_dptr pointer, kn_dptr count_fault, kn_dptr pointer_fault, kn_dptr rows,
                                    kn_dptr count, int64_t row_count, int64_t capacity, int64_t row_bytes, kn_handle stream);
/* Rounds rows[row_count, width] in F32 into copy[capacity, width] in BF16, to where kn_infonce_enqueue, which is to be called after it, is
 * going to write them in the ring; writes nothing where that is not going to. */
KN_API kn_status kn_infonce_enqueue_rounded(kn_dptr copy, kn_dptr pointer, kn_dptr rows, kn_dptr count, int64_t row_count, int64_t capacity,
                                            int64_t width, kn_handle stream);

#ifdef __cplusplus
}
#endif
#endif
