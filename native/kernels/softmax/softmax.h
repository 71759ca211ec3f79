// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::softmax {
// 1: a thread a row; 2: a warp a row; 3: a block a row
constexpr int ROW_VARIANTS = 3;
// 1: one element at a time; 2: 16 bytes at a time
constexpr int MEAN_VARIANTS = 2;

kn_status forward(int variant, kn_dptr y, kn_dptr x, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream);
kn_status gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr y, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream);

/// Labels and what is said of them.
struct Labels {
    kn_dptr fault, labels;
    int32_t ignored;
    double smoothing;
};
kn_status cross_entropy(int variant, kn_dptr loss, kn_dptr logits, const Labels& labels, int64_t rows, int64_t columns, kn_dtype dtype,
                        kn_dptr workspace, kn_handle stream);
kn_status cross_entropy_gradient(int variant, kn_dptr dlogits, kn_dptr dloss, kn_dptr logits, const Labels& labels, int64_t rows,
                                 int64_t columns, kn_dtype dtype, kn_dptr workspace, kn_handle stream);

constexpr int MEAN_BINARY = 0;   // cross-entropy of logits against targets
constexpr int MEAN_SQUARES = 1;  // of differences
kn_status mean(int variant, kn_dptr loss, kn_dptr a, kn_dptr b, int64_t n, int what, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
kn_status binary_gradient(int variant, kn_dptr dlogits, kn_dptr dloss, kn_dptr logits, kn_dptr targets, int64_t n, kn_dtype dtype,
                          kn_handle stream);
}  // namespace kn::softmax
