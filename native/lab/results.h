// What a run of the lab measured: lines for people, a file for programs.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "roofline.h"
#include "timing.h"

namespace kn::lab {
struct Results {
    Roofline roofline;
    std::vector<Timing> timings;
    std::vector<Failure> failures;
    int left_out = 0;       // cases that did not begin, as the budget was spent
    bool complete = false;  // the run came to its end
};

/// A line for people; empty where nothing is known of a case's work.
std::string heading();
std::string row(const Timing& timing, const Roofline& roofline);
std::string describe(const Roofline& roofline);
/// The device, the roofline, all timings and failures. Times in microseconds.
std::string json(const Results& results);

/// Measures the limits, and with a lab the kernels; each line is handed on as it comes. The file, if one is named, holds what is known so far
/// after each outcome: a run that is cut off loses nothing but the variant that it was at. Throws a sentence where the limits cannot be
/// measured or the file cannot be written.
Results measure(const Lab* lab, const TimingOptions& options, const RooflineSizes& sizes, const std::string& file,
                const std::function<void(const std::string&)>& line);
}  // namespace kn::lab
