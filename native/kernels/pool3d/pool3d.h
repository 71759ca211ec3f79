// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::pool3d {
// 1: a thread an element; 2: a thread 16 bytes of channels
constexpr int VARIANTS = 2;

/// x[n, t, h, w, c], the kernel, strides and padding.
struct Sizes {
    int64_t n, t, h, w, c, kt, kh, kw, st, sh, sw, pt, ph, pw;

    constexpr int64_t out_t() const { return (t + 2 * pt - kt) / st + 1; }
    constexpr int64_t out_h() const { return (h + 2 * ph - kh) / sh + 1; }
    constexpr int64_t out_w() const { return (w + 2 * pw - kw) / sw + 1; }
    constexpr int64_t elements() const { return n * t * h * w * c; }
    constexpr int64_t out_elements() const { return n * out_t() * out_h() * out_w() * c; }
};

kn_status max(int variant, kn_dptr y, kn_dptr winners, kn_dptr x, const Sizes& s, kn_dtype winners_dtype, kn_dtype dtype, kn_handle stream);
kn_status max_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr winners, const Sizes& s, kn_dtype winners_dtype, kn_dtype dtype,
                       kn_handle stream);
kn_status average(int variant, kn_dptr y, kn_dptr x, const Sizes& s, kn_dtype dtype, kn_handle stream);
kn_status average_gradient(int variant, kn_dptr dx, kn_dptr dy, const Sizes& s, kn_dtype dtype, kn_handle stream);
kn_status global_average(int variant, kn_dptr y, kn_dptr x, int64_t n, int64_t positions, int64_t c, kn_dtype dtype, kn_handle stream);
}  // namespace kn::pool3d
