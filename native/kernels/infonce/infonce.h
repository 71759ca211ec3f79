// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::infonce {
// 1: a block for each row, any shape; 2: one pass on tensor cores, bf16 of widths up to 256; 3: in waves by matrix products
constexpr int VARIANTS = 3;
// 1: a block for each row; 2: by matrix products
constexpr int BATCH_VARIANTS = 2;

struct Contrast {
    kn_dptr q, k, queue, count, owners, queue_owners;  // the last three: 0 where absent
    int64_t rows, width, capacity;
    double temperature;
    bool unit_length;
    kn_dtype dtype;
    kn_dptr fault;  // of the loss; 0 where absent
};

kn_status loss(int variant, kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, const Contrast& c, kn_dptr workspace, kn_handle stream);
kn_status gradient(int variant, kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_dptr workspace,
                   kn_handle stream);

/// Both in one pass: what the gradient needs of the queue, and the gradient from it; widths up to 128 where variant 2 is.
kn_status one_pass(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr pulled, kn_dptr negatives, const Contrast& c, kn_dptr workspace,
                   kn_handle stream);
kn_status pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Contrast& c, kn_handle stream);

/// Two views of the films of a batch.
struct Views {
    kn_dptr a, b;
    int64_t rows, width;
    double temperature;
    kn_dtype dtype;
};

kn_status batch_loss(int variant, kn_dptr loss, kn_dptr log_sums, const Views& v, kn_dptr workspace, kn_handle stream);
kn_status batch_gradient(int variant, kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr log_sums, const Views& v, kn_dptr workspace,
                         kn_handle stream);
}  // namespace kn::infonce
