// Times of kernels by CUDA events. The calls of a sample are one graph, so that the time to launch them is not theirs, and walk over so many
// copies of the tensors that what one call reads has left the L2 cache since it was last touched.
#pragma once
#include <functional>
#include <limits>
#include <string>

#include "lab.h"

namespace kn::lab {
/// A variant at a shape; seconds are of one call.
struct Timing {
    const Case* of;
    int variant;
    double median, p90;
    int samples, calls;  // how many calls a sample holds
};

/// Why there is no time of a variant, or, as variant 0, of none: the tensors could not be made.
struct Failure {
    const Case* of;
    int variant;
    std::string sentence;
};

struct TimingOptions {
    Options which;                 // repeats: how many samples at most; 0: 50
    double sample_seconds = 2e-3;  // that a sample should take at least
    double total_seconds = 1;      // that the samples of a variant should take at most; there are five, unless a call takes a twentieth of it
    double budget_seconds = std::numeric_limits<double>::infinity();  // after so many no case begins
};

/// Who is told each outcome as it comes.
struct Listener {
    std::function<void(const Timing&)> timed;
    std::function<void(const Failure&)> failed;
};

/// Times what the lab has of full size, unless it is only checked. Variants that do not take a shape are left out; after one that fails come the others all the same.
/// Returns how many cases did not begin, as the budget was spent.
int time_cases(const Lab& lab, const TimingOptions& options, const Listener& listener);
}  // namespace kn::lab
