// What the lab needs of the family beyond the C interface: the same functions with a variant, where 0 chooses.
#pragma once
#include "../../include/kinema.h"
#include "../../runtime/kernel.h"
#include "../matmul/epilogue.h"

namespace kn::conv3d {
// 1: a thread an element; tiles of an implicit product, bf16 by mma.sync: 2: 64 x 64, 3: 128 x 64, 4: 128 x 128
constexpr int VARIANTS = 4;

/// Sizes of one convolution; t, h, w are of x, and i and o the channels of x and y.
struct Sizes {
    int64_t n, t, h, w, i, o, kt, kh, kw, st, sh, sw, pt, ph, pw;
    __host__ __device__ int64_t out_t() const { return (t + 2 * pt - kt) / st + 1; }
    __host__ __device__ int64_t out_h() const { return (h + 2 * ph - kh) / sh + 1; }
    __host__ __device__ int64_t out_w() const { return (w + 2 * pw - kw) / sw + 1; }
    __host__ __device__ int64_t pixels() const { return n * t * h * w; }
    __host__ __device__ int64_t out_pixels() const { return n * out_t() * out_h() * out_w(); }
    __host__ __device__ int64_t taps() const { return kt * kh * kw; }
    bool pointwise() const { return taps() == 1 && st == 1 && sh == 1 && sw == 1 && pt == 0 && ph == 0 && pw == 0; }
};

/// How a row of packed weights is filled up: channels to 4 where there are at most 4, so that a chunk of bf16 holds two pixels, and
/// else to whole chunks; then kw to whole chunks.
struct Packing {
    int channels, width;
    bool plain;  // nothing is filled up, and every pixel is whole chunks
};
Packing packing(int64_t i, int64_t kw, kn_dtype dtype);

/// KN_OK, or refused with a sentence that begins with what.
kn_status check(const Sizes& s, kn_dtype dtype, const char* what);

kn_status forward(int variant, kn_dptr y, kn_dptr x, kn_dptr packed, kn_dptr scale, kn_dptr bias, kn_dptr residual, const Sizes& s,
                  bool relu, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
kn_status input_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr packed, const Sizes& s, kn_dtype dtype, kn_handle stream);
kn_status weight_gradient(int variant, kn_dptr dw, kn_dptr x, kn_dptr dy, const Sizes& s, kn_dtype dtype, kn_dptr workspace,
                          kn_handle stream);

/// The pixels of x, over the strides: the most that a phase of dgrad has.
inline int64_t phase_pixels(const Sizes& s) { return s.n * ceil_div(s.t, s.st) * ceil_div(s.h, s.sh) * ceil_div(s.w, s.sw); }

/// The tiled variants, compiled in a file for each type.
template <class T> struct Tiled {
    /// s: of x with its channels filled up, as the weights are packed.
    static void forward(int size, kn_dptr x, kn_dptr packed, const matmul::Epilogue& e, const Sizes& s, kn_handle stream);
    static void input_gradient(int size, kn_dptr dy, kn_dptr packed, const matmul::Epilogue& e, const Sizes& s, const Packing& p,
                               kn_handle stream);
    /// Sums of each part of y's pixels, [parts, o, kt, kh, kw, i]; s as in forward.
    static void weight_gradient(int size, kn_dptr parts, kn_dptr x, kn_dptr dy, const Sizes& s, int64_t part, kn_handle stream);
};
}  // namespace kn::conv3d
