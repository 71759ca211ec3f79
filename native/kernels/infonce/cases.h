// What the family's cases have in common.
#pragma once
#include "infonce.h"
#include "oracles.h"

namespace kn::lab {
/// Those within a batch, in a file of their own.
void register_infonce_batch(Lab& lab);
}  // namespace kn::lab

namespace kn::lab::infonce_oracles {
inline Input unit_rows(kn_dtype dtype, int64_t rows, int64_t width) {
    return {dtype, rows * width, 1, 2, [width](std::vector<double>& x) { normalize(x, width); }};
}

/// Norms of 0.5 and more, some of which are below an epsilon of 1.
inline Input norms_of(int64_t rows) {
    return {KN_F32, rows, 1, 2, [](std::vector<double>& norms) {
        for (double& n : norms) n = std::fabs(n) + 0.5;
    }};
}

inline Case make(const char* what, const Shape& s, kn_dtype dtype) {
    Case c("infonce." + std::string(what), dtype,
           {{"rows", s.rows}, {"width", s.width}, {"capacity", s.capacity}, {"counted", s.counted}, {"owners", s.owners},
            {"unit", s.unit}});
    if (s.opposed) c.shape += " opposed";
    if (s.epsilon > 1) c.shape += " short";
    c.variants = infonce::VARIANTS;
    c.reduction = s.capacity + s.width;
    c.condition = 1 / s.temperature;  // what exponents are at most
    return c;
}
}  // namespace kn::lab::infonce_oracles
