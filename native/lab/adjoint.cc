// See adjoint.h.
#include "adjoint.h"

#include <cmath>
#include <cstdio>

namespace kn::lab {
namespace {
constexpr double DEVIATIONS = 4;

/// <result, operand>, and by how much rounding of the result may move it.
struct Product {
    double value, moved;
};

Product product(const Case& c, const std::vector<Elements>& in, const std::vector<Bytes>& results, std::pair<size_t, size_t> pair) {
    const Output& out = c.outputs[pair.first];
    const Elements result(results[pair.first].data(), out.dtype), operand = in[pair.second];
    double sum = 0, squares = 0, drawn = 0;
    for (int64_t i = 0; i < out.count; ++i) {
        const double r = result[i], x = operand[i];
        sum += r * x;
        squares += r * r;
        drawn += x * x;
    }
    return {sum, DEVIATIONS * error_bound(c, pair.first) * std::sqrt(squares * drawn / static_cast<double>(out.count))};
}
}  // namespace

std::string adjoint_trouble(const Case& c, const Trial& trial, const std::vector<Bytes>& results) {
    if (c.adjoint.empty()) return "";
    const std::vector<Elements> in = elements_of(c, trial);
    const Product first = product(c, in, results, c.adjoint[0]);
    for (size_t p = 1; p < c.adjoint.size(); ++p) {
        const Product other = product(c, in, results, c.adjoint[p]);
        const double apart = std::fabs(first.value - other.value), allowed = first.moved + other.moved;
        if (apart <= allowed) continue;  // NaN is not
        char text[240];
        std::snprintf(text, sizeof text, "<output %zu, input %zu> = %.9g and <output %zu, input %zu> = %.9g are %.3g apart, allowed is %.3g",
                      c.adjoint[0].first, c.adjoint[0].second, first.value, c.adjoint[p].first, c.adjoint[p].second, other.value, apart, allowed);
        return text;
    }
    return "";
}
}  // namespace kn::lab
