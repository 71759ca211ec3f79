// Times of kernels by CUDA events. The calls of a sample are one graph, so that the time to launch them is not theirs, and walk over so many
// copies of the tensors that what one call reads has left the L2 cache since it was last touched.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "lab.h"
#include "roofline.h"

namespace kn::lab {
/// A variant at a shape; seconds are of one call.
struct Timing {
    const Case* of;
    int variant;
    double median, p90;
    int samples, calls;  // how many calls a sample holds
};

struct TimingOptions {
    Options which;             // repeats: how many samples at most; 0: 50
    double sample_seconds = 2e-3;  // that a sample should take at least
    double total_seconds = 1;      // that the samples of a variant should take at most; there are five in any case
};

/// Times what lab.timed() has of it and hands on each result as it comes. Variants that do not take a shape are left out. Throws a sentence
/// where a kernel fails or memory is short.
void time_cases(const Lab& lab, const TimingOptions& options, const std::function<void(const Timing&)>& result);

/// A line for people; empty where nothing is known of a case's work.
std::string heading();
std::string row(const Timing& timing, const Roofline& roofline);
std::string describe(const Roofline& roofline);
/// The device, the roofline and all timings. Times in microseconds.
std::string json(const Roofline& roofline, const std::vector<Timing>& timings);
}  // namespace kn::lab
