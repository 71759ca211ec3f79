// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::infonce {
// 1: a block for each row, any shape; 2: on tensor cores, bf16 of widths up to 256, multiples of 8; 3: in waves by matrix products, any
// shape; 4: in register tiles, f32 of widths up to 256. Variants 2 to 4 pass over the queue once, for the loss or for both, and 3 alone
// stores scores, those of a wave.
constexpr int VARIANTS = 4;
// 1: a block for each row; 2: by matrix products
constexpr int BATCH_VARIANTS = 2;

struct Contrast {
    kn_dptr q, k, queue, count, owners, queue_owners;  // the last three: 0 where absent
    int64_t rows, width, capacity;
    double temperature;
    bool unit_length;
    kn_dtype dtype;
    kn_dptr fault = 0;      // of the loss; 0 where absent
    kn_dptr positives = 0;  // 0 where they are to be computed
};

/// Rows in F32 before they are normalised, where normalised ones are to go, and norms; all 0 where rows are given as they are.
struct Raw {
    kn_dptr x = 0, unit = 0, norms = 0;
    double epsilon = 0;
};

/// The results of the loss, and what the gradient needs of the queue: 0 where it is not asked for.
struct Outcome {
    kn_dptr loss, log_sums, ranks, pulled = 0, negatives = 0;
};

/// q and k in the contrast's type where they are to be normalised, and the positives; 0 for these where they are not asked for.
kn_status pairs(kn_dptr positives, const Raw& of_q, const Raw& of_k, const Contrast& c, kn_handle stream);
/// Of the loss, and where it pulls of what the gradient needs of the queue, too; 0 where the variant does not take the shape.
int64_t workspace_bytes(int variant, int64_t rows, int64_t width, int64_t capacity, kn_dtype dtype, bool pulls);
/// The loss; all variants but 1 also what the gradient needs of the queue, in the same pass.
kn_status loss(int variant, const Outcome& o, const Contrast& c, kn_dptr workspace, kn_handle stream);
/// The gradient from that; of_q: of what q is the normalised form of.
kn_status pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Raw& of_q, const Contrast& c,
               kn_handle stream);
/// The gradient from the log-sums alone, plainly.
kn_status gradient(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_handle stream);

/// Two views of the films of a batch.
struct Views {
    kn_dptr a, b;
    int64_t rows, width;
    double temperature;
    kn_dtype dtype;
};

kn_status batch_loss(int variant, kn_dptr loss, kn_dptr log_sums, const Views& v, kn_dptr workspace, kn_handle stream);
/// of_a, of_b: of what a and b are the normalised forms of.
kn_status batch_gradient(int variant, kn_dptr da, kn_dptr db, kn_dptr dloss, kn_dptr log_sums, const Raw& of_a, const Raw& of_b,
                         const Views& v, kn_dptr workspace, kn_handle stream);
}  // namespace kn::infonce
