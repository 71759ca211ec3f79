// Softmax along rows. Bound by memory; a row is read twice, the second time most likely from a cache.
#include "softmax.h"

#include "rows.h"

namespace kn::softmax {
namespace {
template <class T, int LANES, bool PACKED>
__global__ void __launch_bounds__(THREADS) forward_rows(T* y, const T* x, int64_t rows, int columns) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const Team<LANES, PACKED> team{scratch};
    for (int64_t r = team.first_row(); r < rows; r += team.row_stride()) {
        const T* row = x + r * columns;
        const auto e = team.exponentials(row, columns);
        const float factor = 1.f / e.sum;
        team.store(y + r * columns, row, row, columns, [&](int, float v, float) { return expf(v - e.maximum) * factor; });
    }
}

template <class T, int LANES, bool PACKED>
__global__ void __launch_bounds__(THREADS) gradient_rows(T* dx, const T* dy, const T* y, int64_t rows, int columns) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const Team<LANES, PACKED> team{scratch};
    for (int64_t r = team.first_row(); r < rows; r += team.row_stride()) {
        const T *g = dy + r * columns, *s = y + r * columns;
        float dot = 0.f;
        team.each(g, columns, [&](int c, float v) { dot = fmaf(v, to_float(s[c]), dot); });
        dot = team.sum(dot);
        team.store(dx + r * columns, g, s, columns, [&](int, float v, float p) { return p * (v - dot); });
    }
}

kn_status checked(const char* what, int64_t rows, int64_t columns, kn_dtype dtype) {
    KN_REQUIRE(rows >= 0 && columns >= 0 && columns < 1LL << 31, "softmax.%s: rows = %lld, columns = %lld", what,
               static_cast<long long>(rows), static_cast<long long>(columns));
    KN_REQUIRE(is_floating(dtype), "softmax.%s computes in f32 and bf16, not in %s", what, dtype_name(dtype));
    return KN_OK;
}
}  // namespace

kn_status forward(int variant, kn_dptr y, kn_dptr x, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream) {
    if (const kn_status bad = checked("forward", rows, columns, dtype)) return bad;
    if (rows * columns == 0) return KN_OK;
    variant = row_variant(variant, columns);
    const bool packs = (y | x) % 16 == 0 && columns * size_of(dtype) % 16 == 0;
    KN_FLOATING(dtype, T, LAUNCH_ROWS(variant, packs, forward_rows, T, rows, stream_of(stream), address<T>(y), address<const T>(x), rows,
                                      static_cast<int>(columns)));
    return launched("softmax.forward v%d, rows = %lld, columns = %lld", variant, static_cast<long long>(rows),
                    static_cast<long long>(columns));
}

kn_status gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr y, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream) {
    if (const kn_status bad = checked("gradient", rows, columns, dtype)) return bad;
    if (rows * columns == 0) return KN_OK;
    variant = row_variant(variant, columns);
    const bool packs = (dx | dy | y) % 16 == 0 && columns * size_of(dtype) % 16 == 0;
    KN_FLOATING(dtype, T, LAUNCH_ROWS(variant, packs, gradient_rows, T, rows, stream_of(stream), address<T>(dx), address<const T>(dy),
                                      address<const T>(y), rows, static_cast<int>(columns)));
    return launched("softmax.gradient v%d, rows = %lld, columns = %lld", variant, static_cast<long long>(rows),
                    static_cast<long long>(columns));
}
}  // namespace kn::softmax

extern "C" {

kn_status kn_softmax_forward(kn_dptr y, kn_dptr x, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream) {
    return kn::softmax::forward(0, y, x, rows, columns, dtype, stream);
}

kn_status kn_softmax_gradient(kn_dptr dx, kn_dptr dy, kn_dptr y, int64_t rows, int64_t columns, kn_dtype dtype, kn_handle stream) {
    return kn::softmax::gradient(0, dx, dy, y, rows, columns, dtype, stream);
}

}  // extern "C"
