// What goes before and after the passes over a queue: rows and their positives, what the parts of the queue add up to, the gradients.
#pragma once
#include "queue.h"

namespace kn::infonce {
constexpr float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;

/// Of a row and a part of the queue: the sum of the exponentials of its scores, times 2^-top, to the base 2, and how many scores are higher
/// than the positive's.
struct Part {
    float top, sum;
    int32_t above;
};

/// Where no maximum is looked for, exponentials are of what a score is less than the bound 1 / temperature. With rows of lengths up to 1
/// against those of a queue of up to 7/4, that is -(1 + 7/4) / temperature to 3/4 / temperature: at the highest bound exp(-82.5) = 1e-36,
/// which is a whole float yet, to exp(22.5), of which even 2^31 are one.
constexpr double HIGHEST_BOUND = 30;
inline bool has_bound(const Contrast& c) { return c.unit_length && 1 / c.temperature <= HIGHEST_BOUND; }
/// To the base 2; minus infinity where there is none.
inline float bound_of(const Contrast& c) { return has_bound(c) ? LOG2_E / static_cast<float>(c.temperature) : -INFINITY; }

constexpr int64_t aligned(int64_t bytes) { return ceil_div(bytes, 16) * 16; }

/// The workspace of a pass: what is known of the rows, of each part of the queue, and what the pass needs of its own.
struct Workspace {
    kn_dptr losses, positives, parts, own;

    Workspace(kn_dptr at, int64_t rows, int64_t splits)
        : losses(at), positives(losses + static_cast<kn_dptr>(aligned(4 * rows))), parts(positives + (positives - losses)),
          own(parts + static_cast<kn_dptr>(aligned(splits * rows * static_cast<int64_t>(sizeof(Part))))) {}

    /// Of all but `own`.
    static int64_t bytes(int64_t rows, int64_t splits) { return static_cast<int64_t>(Workspace(0, rows, splits).own); }
};

/// positives[rows] = q . k over the temperature.
void launch_positives(kn_dptr positives, const Contrast& c, kn_handle stream);
/// Adds up parts[splits][rows], and sums[splits][rows][width], the queue times the exponentials, where gradients are asked for; one part's
/// sums may be where the result is to be.
void launch_finish(const Outcome& o, const Workspace& w, kn_dptr sums, const Contrast& c, int64_t splits, kn_handle stream);
}  // namespace kn::infonce
