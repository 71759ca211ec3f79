// 3D convolution: checks, the packing of weights, the plain kernels, and the choice of variants.
#include "conv3d.h"

#include <algorithm>

#include "../matmul/matmul.h"
#include "../matmul/tile.h"
#include "plain.h"

namespace kn::conv3d {
namespace {
constexpr int THREADS = 256;
constexpr int64_t LIMIT = int64_t{1} << 31;

int64_t packed_elements(const Sizes& s, kn_dtype dtype) {
    const Packing p = packing(s.i, s.kw, dtype);
    return s.o * s.kt * s.kh * p.width * p.channels;
}

kn_status said(const char* what, int variant, const Sizes& s) {
    return launched("conv3d.%s v%d, x = [%d, %d, %d, %d, %d], weight = [%d, %d, %d, %d, %d], stride = %d %d %d", what, variant,
                    static_cast<int>(s.n), static_cast<int>(s.t), static_cast<int>(s.h), static_cast<int>(s.w), static_cast<int>(s.i),
                    static_cast<int>(s.o), static_cast<int>(s.i), static_cast<int>(s.kt), static_cast<int>(s.kh), static_cast<int>(s.kw),
                    static_cast<int>(s.st), static_cast<int>(s.sh), static_cast<int>(s.sw));
}

/// Where x need not be copied for its patches to be whole chunks, s; else the sizes of the copy, which have the same y: rows begin with
/// their padding and end with the last window, and channels and kw are as they are packed.
Sizes filled(const Sizes& s, const Packing& p) {
    if (p.plain) return s;
    return {s.n, s.t, s.h, (s.out_w() - 1) * s.sw + p.width, p.channels, s.o, s.kt, s.kh, p.width, s.st, s.sh, s.sw, s.pt, s.ph, 0};
}

int64_t filled_bytes(const Sizes& s, kn_dtype dtype) {
    const Packing p = packing(s.i, s.kw, dtype);
    const Sizes to = filled(s, p);
    return p.plain ? 0 : ceil_div(to.pixels() * to.i * size_of(dtype), 256) * 256;
}

/// The address of x for the tiles: workspace, once it is filled, or x.
kn_dptr fill(kn_dptr x, const Sizes& s, const Sizes& to, const Packing& p, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    if (p.plain) return x;
    const int64_t fours = to.pixels() * to.i / 4;
    KN_FLOATING(dtype, T, LAUNCH((fill_v1<T>), blocks_for(fours, THREADS), THREADS, 0, stream_of(stream), address<T>(workspace),
                                 address<const T>(x), s, to, fours));
    return workspace;
}

/// Whether tiles take it: windows that begin at whole chunks, and indices that fit 32 bits.
bool tiles(const Sizes& s, kn_dtype dtype) {
    const Packing p = packing(s.i, s.kw, dtype);
    const Sizes to = filled(s, p);
    return s.sw * p.channels % (16 / size_of(dtype)) == 0 && s.out_pixels() < LIMIT / 2 && to.taps() * to.i < LIMIT / 2;
}
bool weight_gradient_tiles(const Sizes& s, kn_dtype dtype) { return tiles(s, dtype) && s.o % (16 / size_of(dtype)) == 0; }
bool input_gradient_tiles(const Sizes& s, kn_dtype dtype) {
    const int64_t chunk = 16 / size_of(dtype), phases = s.st * s.sh * s.sw;
    return s.o % chunk == 0 && packing(s.i, s.kw, dtype).channels % chunk == 0 && s.pixels() < LIMIT / 2 && s.taps() * s.o < LIMIT / 2
        && s.taps() < int64_t{1} << 21 && phases < 65536;
}

/// The tile of wgrad's result: larger ones read less, and there are as many parts as fill a device with any.
int weight_gradient_size(const Sizes& to) { return to.o >= 128 && to.taps() * to.i >= 128 ? 4 : 2; }

/// Parts of the pixels for wgrad: as many as fill a large device twice, each a multiple of every slice.
int64_t part_of(const Sizes& to, int size) {
    const int64_t down = size == 2 ? 64 : 128, across = size == 4 ? 128 : 64;
    const int64_t parts = ceil_div(264, ceil_div(to.o, down) * ceil_div(to.taps() * to.i, across));
    return ceil_div(ceil_div(to.out_pixels(), parts), 256) * 256;
}
}  // namespace

Packing packing(int64_t i, int64_t kw, kn_dtype dtype) {
    const int64_t chunk = 16 / size_of(dtype);
    const int64_t channels = i <= 4 ? 4 : ceil_div(i, chunk) * chunk;
    const int64_t pixels = channels % chunk == 0 ? 1 : chunk / channels;
    const int64_t width = ceil_div(kw, pixels) * pixels;
    return {static_cast<int>(channels), static_cast<int>(width), channels == i && pixels == 1};
}

kn_status check(const Sizes& s, kn_dtype dtype, const char* what) {
    KN_REQUIRE(is_floating(dtype), "conv3d.%s computes in f32 and bf16, not in %s", what, dtype_name(dtype));
    for (const int64_t size : {s.n, s.t, s.h, s.w, s.i, s.o, s.kt, s.kh, s.kw, s.st, s.sh, s.sw}) {
        KN_REQUIRE(size > 0 && size < LIMIT, "conv3d.%s: sizes and strides are 1 to 2^31 - 1, got %lld", what,
                   static_cast<long long>(size));
    }
    KN_REQUIRE(s.pt >= 0 && s.ph >= 0 && s.pw >= 0, "conv3d.%s: padding is not negative", what);
    KN_REQUIRE(s.t + 2 * s.pt >= s.kt && s.h + 2 * s.ph >= s.kh && s.w + 2 * s.pw >= s.kw,
               "conv3d.%s: a kernel of %lld x %lld x %lld is larger than the padded x", what, static_cast<long long>(s.kt),
               static_cast<long long>(s.kh), static_cast<long long>(s.kw));
    return KN_OK;
}

kn_status forward(int variant, kn_dptr y, kn_dptr x, kn_dptr packed, kn_dptr scale, kn_dptr bias, kn_dptr residual, const Sizes& s,
                  bool relu, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    const kn_status status = check(s, dtype, "forward");
    if (status != KN_OK) return status;
    const int activation = relu ? KN_ACTIVATION_RELU : KN_ACTIVATION_NONE;
    const Packing p = packing(s.i, s.kw, dtype);
    if (s.pointwise() && p.plain && variant != 1) {
        return matmul::multiply(variant, y, {x, packed, 1, s.pixels(), s.o, s.i, false, true, dtype}, scale, bias, residual, activation,
                                dtype, stream);
    }
    matmul::Epilogue e = matmul::epilogue(y, scale, bias, residual, s.o, activation, dtype);
    if (variant == 0) variant = tiles(s, dtype) ? tile::size_for(s.out_pixels(), s.o, 1) : 1;
    if (variant > 1) {
        if (!tiles(s, dtype)) return refuse(KN_UNSUPPORTED, "conv3d.forward v%d takes windows that begin at whole 16 bytes", variant);
        const Sizes to = filled(s, p);
        const kn_dptr from = fill(x, s, to, p, dtype, workspace, stream);
        KN_FLOATING(dtype, T, Tiled<T>::forward(variant, from, packed, e, to, stream));
        return said("forward", variant, s);
    }
    const int64_t elements = s.out_pixels() * s.o;
    e.whole = false;
    KN_FLOATING(dtype, T, LAUNCH((forward_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<const T>(x),
                                 address<const T>(packed), e, s, p, elements));
    return said("forward", 1, s);
}

kn_status input_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr packed, const Sizes& s, kn_dtype dtype, kn_handle stream) {
    const kn_status status = check(s, dtype, "input_gradient");
    if (status != KN_OK) return status;
    const Packing p = packing(s.i, s.kw, dtype);
    if (s.pointwise() && p.plain && variant != 1) {
        return matmul::multiply(variant, dx, {dy, packed, 1, s.pixels(), s.i, s.o, false, false, dtype}, 0, 0, 0, KN_ACTIVATION_NONE, dtype,
                                stream);
    }
    const bool tiled = input_gradient_tiles(s, dtype);
    if (variant == 0) variant = tiled ? tile::size_for(phase_pixels(s), s.i, s.st * s.sh * s.sw) : 1;
    if (variant > 1) {
        if (!tiled) return refuse(KN_UNSUPPORTED, "conv3d.input_gradient v%d takes channels of whole 16 bytes", variant);
        const matmul::Epilogue e = matmul::epilogue(dx, 0, 0, 0, s.i, KN_ACTIVATION_NONE, dtype);
        KN_FLOATING(dtype, T, Tiled<T>::input_gradient(variant, dy, packed, e, s, p, stream));
        return said("input_gradient", variant, s);
    }
    const int64_t elements = s.pixels() * s.i;
    KN_FLOATING(dtype, T, LAUNCH((input_gradient_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<T>(dx),
                                 address<const T>(dy), address<const T>(packed), s, p, elements));
    return said("input_gradient", 1, s);
}

kn_status weight_gradient(int variant, kn_dptr dw, kn_dptr x, kn_dptr dy, const Sizes& s, kn_dtype dtype, kn_dptr workspace,
                          kn_handle stream) {
    const kn_status status = check(s, dtype, "weight_gradient");
    if (status != KN_OK) return status;
    const bool tiled = weight_gradient_tiles(s, dtype);
    const Packing p = packing(s.i, s.kw, dtype);
    const Sizes to = filled(s, p);
    if (variant == 0) variant = tiled ? weight_gradient_size(to) : 1;
    if (variant > 1) {
        if (!tiled) return refuse(KN_UNSUPPORTED, "conv3d.weight_gradient v%d takes channels of whole 16 bytes", variant);
        const int64_t part = part_of(to, variant), all = packed_elements(s, dtype);
        const kn_dptr from = fill(x, s, to, p, dtype, workspace, stream), parts = workspace + static_cast<kn_dptr>(filled_bytes(s, dtype));
        KN_FLOATING(dtype, T, Tiled<T>::weight_gradient(variant, parts, from, dy, to, part, stream));
        LAUNCH(add_parts, blocks_for(all, THREADS), THREADS, 0, stream_of(stream), address<float>(dw), address<const float>(parts),
               ceil_div(s.out_pixels(), part), s, p, all);
        return said("weight_gradient", variant, s);
    }
    const int64_t elements = s.o * s.i * s.taps();
    KN_FLOATING(dtype, T, LAUNCH((weight_gradient_v1<T>), blocks_for(elements, THREADS), THREADS, 0, stream_of(stream), address<float>(dw),
                                 address<const T>(x), address<const T>(dy), s, elements));
    return said("weight_gradient", 1, s);
}
}  // namespace kn::conv3d

using namespace kn;
using conv3d::Sizes;

extern "C" {

int64_t kn_conv3d_packed_elements(int64_t o, int64_t i, int64_t kt, int64_t kh, int64_t kw, kn_dtype dtype) {
    const Sizes s{1, kt, kh, kw, i, o, kt, kh, kw, 1, 1, 1, 0, 0, 0};
    return conv3d::check(s, dtype, "packed_elements") == KN_OK ? conv3d::packed_elements(s, dtype) : -1;
}

kn_status kn_conv3d_pack(kn_dptr packed, kn_dptr weight, int64_t o, int64_t i, int64_t kt, int64_t kh, int64_t kw, kn_dtype dtype,
                         kn_handle stream) {
    const Sizes s{1, kt, kh, kw, i, o, kt, kh, kw, 1, 1, 1, 0, 0, 0};
    const kn_status status = conv3d::check(s, dtype, "pack");
    if (status != KN_OK) return status;
    const int64_t elements = conv3d::packed_elements(s, dtype);
    KN_FLOATING(dtype, T, LAUNCH((conv3d::pack_v1<T>), blocks_for(elements, conv3d::THREADS), conv3d::THREADS, 0, stream_of(stream),
                                 address<T>(packed), address<const float>(weight), s, conv3d::packing(i, kw, dtype), elements));
    return conv3d::said("pack", 1, s);
}

kn_status kn_conv3d_forward(kn_dptr y, kn_dptr x, kn_dptr packed, kn_dptr scale, kn_dptr bias, kn_dptr residual, int64_t n, int64_t t,
                            int64_t h, int64_t w, int64_t i, int64_t o, int64_t kt, int64_t kh, int64_t kw, int64_t st, int64_t sh,
                            int64_t sw, int64_t pt, int64_t ph, int64_t pw, int32_t relu, kn_dtype dtype, kn_dptr workspace,
                            kn_handle stream) {
    return conv3d::forward(0, y, x, packed, scale, bias, residual, {n, t, h, w, i, o, kt, kh, kw, st, sh, sw, pt, ph, pw}, relu != 0, dtype,
                           workspace, stream);
}

int64_t kn_conv3d_forward_workspace(int64_t n, int64_t t, int64_t h, int64_t w, int64_t i, int64_t o, int64_t kt, int64_t kh, int64_t kw,
                                    int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw, kn_dtype dtype) {
    const Sizes s{n, t, h, w, i, o, kt, kh, kw, st, sh, sw, pt, ph, pw};
    if (conv3d::check(s, dtype, "forward_workspace") != KN_OK) return -1;
    return conv3d::tiles(s, dtype) ? conv3d::filled_bytes(s, dtype) : 0;
}

kn_status kn_conv3d_input_gradient(kn_dptr dx, kn_dptr dy, kn_dptr packed, int64_t n, int64_t t, int64_t h, int64_t w, int64_t i, int64_t o,
                                   int64_t kt, int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph,
                                   int64_t pw, kn_dtype dtype, kn_handle stream) {
    return conv3d::input_gradient(0, dx, dy, packed, {n, t, h, w, i, o, kt, kh, kw, st, sh, sw, pt, ph, pw}, dtype, stream);
}

kn_status kn_conv3d_weight_gradient(kn_dptr dw, kn_dptr x, kn_dptr dy, int64_t n, int64_t t, int64_t h, int64_t w, int64_t i, int64_t o,
                                    int64_t kt, int64_t kh, int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph,
                                    int64_t pw, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return conv3d::weight_gradient(0, dw, x, dy, {n, t, h, w, i, o, kt, kh, kw, st, sh, sw, pt, ph, pw}, dtype, workspace, stream);
}

int64_t kn_conv3d_weight_gradient_workspace(int64_t n, int64_t t, int64_t h, int64_t w, int64_t i, int64_t o, int64_t kt, int64_t kh,
                                            int64_t kw, int64_t st, int64_t sh, int64_t sw, int64_t pt, int64_t ph, int64_t pw,
                                            kn_dtype dtype) {
    const Sizes s{n, t, h, w, i, o, kt, kh, kw, st, sh, sw, pt, ph, pw};
    if (conv3d::check(s, dtype, "weight_gradient_workspace") != KN_OK) return -1;
    if (!conv3d::weight_gradient_tiles(s, dtype)) return 0;
    const conv3d::Sizes to = conv3d::filled(s, conv3d::packing(i, kw, dtype));
    int64_t parts = 0;
    for (int size = 2; size <= conv3d::VARIANTS; ++size) parts = std::max(parts, ceil_div(s.out_pixels(), conv3d::part_of(to, size)));
    return conv3d::filled_bytes(s, dtype) + parts * to.o * to.i * to.taps() * 4;
}

}  // extern "C"
