// See samples.h.
#include "samples.h"

#include <algorithm>
#include <cstdio>

namespace kn::lab {
namespace {
constexpr int64_t MOST = 256, FEWEST = 32;
constexpr int64_t TERMS = int64_t{1} << 26;  // of all sums of an output together: about a second
}  // namespace

Samples::Samples(const Case& c, const Trial& trial) : case_(c) {
    if (!c.element) return;
    const std::vector<Elements> in = elements_of(c, trial);
    std::mt19937_64 random(std::hash<std::string>()(c.name()));
    const int64_t many = std::max(FEWEST, std::min(MOST, TERMS / std::max<int64_t>(1, c.reduction)));
    for (size_t o = 0; o < c.outputs.size(); ++o) {
        const int64_t count = c.outputs[o].count;
        std::vector<int64_t> at = {0, count - 1};
        std::uniform_int_distribution<int64_t> any(0, count - 1);
        while (static_cast<int64_t>(at.size()) < many) at.push_back(any(random));
        std::vector<double> expected;
        for (const int64_t e : at) expected.push_back(c.element(in, o, e));
        at_.push_back(at);
        expected_.push_back(expected);
    }
}

std::string Samples::trouble(int variant, const std::vector<Bytes>& results) const {
    for (size_t o = 0; o < at_.size(); ++o) {
        const kn_dtype dtype = case_.outputs[o].dtype;
        const Elements elements(results[o].data(), dtype);
        std::vector<double> y;
        for (const int64_t e : at_[o]) y.push_back(elements[e]);
        Distance distance(dtype);
        distance.add(y, expected_[o]);
        const double error = distance.value(), bound = (variant == 1 ? 1 : 2) * error_bound(case_, o);
        if (error <= bound) continue;  // NaN is not
        char text[160];
        std::snprintf(text, sizeof text, "output %zu is off by %.3g at %zu elements, allowed is %.3g", o, error, y.size(), bound);
        return text;
    }
    return "";
}
}  // namespace kn::lab
