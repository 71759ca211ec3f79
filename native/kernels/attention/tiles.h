// What the tiled kernels share, those on tensor cores and those in registers.
#pragma once
#include "rows.h"

namespace kn::attention {
constexpr int OWN = 64;  // rows of a block

/// What the backward pass reads besides; along is dy . y of each query.
template <class T> struct Results {
    const T* dy;
    const float *log_sums, *along;
};
}  // namespace kn::attention
