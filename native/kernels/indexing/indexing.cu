// Moving elements: as units of their size or, where the runs are multiples of them, of 16 bytes. The kernels do not look into the units.
#include "indexing.h"

#include <algorithm>

#include "../../runtime/fault.h"

namespace kn::indexing {
namespace {
constexpr int THREADS = 256;
using Chunk = Pack<uint32_t, 4>;

// I: 32 bits where all places fit, as divisions of 64 bits would take longer than the memory
template <class I> __device__ I first_item() { return static_cast<I>(blockIdx.x) * blockDim.x + threadIdx.x; }
template <class I> __device__ I grid_stride() { return static_cast<I>(gridDim.x) * blockDim.x; }

/// A unit with all bits 0 or 1; the latter is NaN in every floating type.
template <class U> __device__ U filled(uint32_t bits) { return static_cast<U>(bits); }
template <> __device__ inline Chunk filled<Chunk>(uint32_t bits) { return {{bits, bits, bits, bits}}; }

template <class U, class I>
__global__ void gather_units(U* y, Fault* fault, const U* x, const int32_t* indices, I units, I size, I inner, I count) {
    for (I i = first_item<I>(); i < units; i += grid_stride<I>()) {
        const I at = i % inner, row = i / inner, o = row / count;
        const int32_t index = indices[row - o * count];
        const bool valid = index >= 0 && static_cast<I>(index) < size;
        if (!valid && at == 0) report(fault, index);
        y[i] = valid ? x[(o * size + static_cast<I>(index)) * inner + at] : filled<U>(~0u);
    }
}

template <class U, class I> __global__ void window_units(U* y, const U* x, I units, I y_width, I x_width, int64_t start) {
    for (I i = first_item<I>(); i < units; i += grid_stride<I>()) {
        const I row = i / y_width;
        const int64_t from = start + static_cast<int64_t>(i - row * y_width);
        y[i] = from >= 0 && from < static_cast<int64_t>(x_width) ? x[row * x_width + static_cast<I>(from)] : filled<U>(0);
    }
}

template <class U, class I> __global__ void insert_units(U* y, const U* x, I units, I y_width, I x_width, I start) {
    for (I i = first_item<I>(); i < units; i += grid_stride<I>()) {
        const I row = i / x_width;
        y[row * y_width + start + (i - row * x_width)] = x[i];
    }
}

template <class U, class I> __global__ void select_units(U* y, const uint8_t* mask, const U* a, const U* b, I units, I run, I period) {
    for (I i = first_item<I>(); i < units; i += grid_stride<I>()) y[i] = mask[i / run] != 0 ? a[i] : b[period == units ? i : i % period];
}

/// The unit of a variant: chunks, or elements where the variant is 1, or where it is 0 and chunks do not fit. 0 where they must and do not.
int64_t unit(int variant, kn_dtype dtype, bool chunks) {
    if (variant == 1 || (variant == 0 && !chunks)) return size_of(dtype);
    return chunks ? static_cast<int64_t>(sizeof(Chunk)) : 0;
}

bool aligned(kn_dptr a, kn_dptr b) { return (a | b) % sizeof(Chunk) == 0; }

kn_status no_chunks(const char* what) { return refuse(KN_UNSUPPORTED, "indexing.%s v2 takes runs of whole 16 bytes", what); }

/// Runs the statement with U as the unit of that many bytes, and I as an integer that counts to `most`.
#define FOR_UNIT(BYTES, MOST, U, I, ...)                                                                                           \
    do {                                                                                                                           \
        if ((MOST) >= NARROW) {                                                                                                    \
            using I = int64_t;                                                                                                     \
            FOR_BYTES(BYTES, U, __VA_ARGS__);                                                                                      \
        } else {                                                                                                                   \
            using I = uint32_t;                                                                                                    \
            FOR_BYTES(BYTES, U, __VA_ARGS__);                                                                                      \
        }                                                                                                                          \
    } while (0)
#define FOR_BYTES(BYTES, U, ...)                                                                                                   \
    do {                                                                                                                           \
        if ((BYTES) == 16) {                                                                                                       \
            using U = Chunk;                                                                                                       \
            __VA_ARGS__;                                                                                                           \
        } else if ((BYTES) == 4) {                                                                                                 \
            using U = uint32_t;                                                                                                    \
            __VA_ARGS__;                                                                                                           \
        } else {                                                                                                                   \
            using U = uint16_t;                                                                                                    \
            __VA_ARGS__;                                                                                                           \
        }                                                                                                                          \
    } while (0)
}  // namespace

kn_status gather(int variant, kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                 int64_t count, kn_dtype dtype, kn_handle stream) {
    const auto of = [](int64_t n) { return static_cast<long long>(n); };
    KN_REQUIRE(outer >= 0 && size >= 0 && inner >= 0 && count >= 0,
               "indexing.gather: outer = %lld, size = %lld, inner = %lld, count = %lld", of(outer), of(size), of(inner), of(count));
    KN_REQUIRE(is_floating(dtype), "indexing.gather moves f32 and bf16, not %s", dtype_name(dtype));
    const int64_t bytes = unit(variant, dtype, aligned(y, x) && inner * size_of(dtype) % 16 == 0);
    if (bytes == 0) return no_chunks("gather");
    inner = inner * size_of(dtype) / bytes;
    const int64_t units = outer * count * inner;
    if (units == 0) return KN_OK;
    const int64_t most = std::max(units, outer * size * inner);
    FOR_UNIT(bytes, most, U, I, LAUNCH((gather_units<U, I>), blocks_for(units, THREADS), THREADS, 0, stream_of(stream), address<U>(y),
                                       address<Fault>(fault), address<const U>(x), address<const int32_t>(indices), static_cast<I>(units),
                                       static_cast<I>(size), static_cast<I>(inner), static_cast<I>(count)));
    return launched("indexing.gather in units of %lld bytes, outer = %lld, size = %lld, inner = %lld, count = %lld", of(bytes), of(outer),
                    of(size), of(inner), of(count));
}

kn_status window(int variant, kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                 kn_handle stream) {
    const auto of = [](int64_t n) { return static_cast<long long>(n); };
    KN_REQUIRE(rows >= 0 && y_width >= 0 && x_width >= 0, "indexing.window: rows = %lld, widths %lld and %lld", of(rows), of(y_width),
               of(x_width));
    KN_REQUIRE(is_floating(dtype), "indexing.window moves f32 and bf16, not %s", dtype_name(dtype));
    const int64_t size = size_of(dtype), per_chunk = 16 / size;
    const int64_t bytes = unit(variant, dtype, aligned(y, x) && (y_width | x_width | start) % per_chunk == 0);
    if (bytes == 0) return no_chunks("window");
    if (rows * y_width == 0) return KN_OK;
    const int64_t units = rows * y_width * size / bytes, to = y_width * size / bytes, from = x_width * size / bytes;
    FOR_UNIT(bytes, std::max(units, rows * from), U, I,
             LAUNCH((window_units<U, I>), blocks_for(units, THREADS), THREADS, 0, stream_of(stream), address<U>(y), address<const U>(x),
                    static_cast<I>(units), static_cast<I>(to), static_cast<I>(from), start * size / bytes));
    return launched("indexing.window in units of %lld bytes, rows = %lld, widths %lld from %lld", of(bytes), of(rows), of(y_width),
                    of(x_width));
}

kn_status insert(int variant, kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                 kn_handle stream) {
    const auto of = [](int64_t n) { return static_cast<long long>(n); };
    KN_REQUIRE(rows >= 0 && x_width >= 0 && start >= 0 && start + x_width <= y_width,
               "indexing.insert: rows = %lld, %lld at %lld of %lld", of(rows), of(x_width), of(start), of(y_width));
    KN_REQUIRE(is_floating(dtype), "indexing.insert moves f32 and bf16, not %s", dtype_name(dtype));
    const int64_t size = size_of(dtype), per_chunk = 16 / size;
    const int64_t bytes = unit(variant, dtype, aligned(y, x) && (y_width | x_width | start) % per_chunk == 0);
    if (bytes == 0) return no_chunks("insert");
    if (rows * x_width == 0) return KN_OK;
    const int64_t units = rows * x_width * size / bytes, to = y_width * size / bytes, from = x_width * size / bytes;
    FOR_UNIT(bytes, rows * to, U, I,
             LAUNCH((insert_units<U, I>), blocks_for(units, THREADS), THREADS, 0, stream_of(stream), address<U>(y), address<const U>(x),
                    static_cast<I>(units), static_cast<I>(to), static_cast<I>(from), static_cast<I>(start * size / bytes)));
    return launched("indexing.insert in units of %lld bytes, rows = %lld, %lld at %lld of %lld", of(bytes), of(rows), of(x_width),
                    of(start), of(y_width));
}

kn_status select(int variant, kn_dptr y, kn_dptr mask, kn_dptr a, kn_dptr b, int64_t n, int64_t run, int64_t period, kn_dtype dtype,
                 kn_handle stream) {
    const auto of = [](int64_t v) { return static_cast<long long>(v); };
    KN_REQUIRE(n >= 0, "indexing.select: n = %lld", of(n));
    KN_REQUIRE(is_floating(dtype), "indexing.select moves f32 and bf16, not %s", dtype_name(dtype));
    if (n == 0) return KN_OK;
    KN_REQUIRE(run > 0 && n % run == 0 && period > 0 && n % period == 0,
               "indexing.select: %lld elements are no multiple of the run %lld and the period %lld", of(n), of(run), of(period));
    const int64_t size = size_of(dtype), per_chunk = 16 / size;
    const int64_t bytes = unit(variant, dtype, aligned(y, a) && b % 16 == 0 && (run | period) % per_chunk == 0);
    if (bytes == 0) return no_chunks("select");
    const int64_t units = n * size / bytes;
    FOR_UNIT(bytes, units, U, I, LAUNCH((select_units<U, I>), blocks_for(units, THREADS), THREADS, 0, stream_of(stream), address<U>(y),
                                        address<const uint8_t>(mask), address<const U>(a), address<const U>(b), static_cast<I>(units),
                                        static_cast<I>(run * size / bytes), static_cast<I>(period * size / bytes)));
    return launched("indexing.select in units of %lld bytes, n = %lld, run = %lld, period = %lld", of(bytes), of(n), of(run), of(period));
}
}  // namespace kn::indexing

using namespace kn;

extern "C" {

kn_status kn_indexing_gather(kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                             int64_t count, kn_dtype dtype, kn_handle stream) {
    return indexing::gather(0, y, fault, x, indices, outer, size, inner, count, dtype, stream);
}

kn_status kn_indexing_window(kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                             kn_handle stream) {
    return indexing::window(0, y, x, rows, y_width, x_width, start, dtype, stream);
}

kn_status kn_indexing_insert(kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                             kn_handle stream) {
    return indexing::insert(0, y, x, rows, y_width, x_width, start, dtype, stream);
}

kn_status kn_indexing_select(kn_dptr y, kn_dptr mask, kn_dptr a, kn_dptr b, int64_t n, int64_t run, int64_t period, kn_dtype dtype,
                             kn_handle stream) {
    return indexing::select(0, y, mask, a, b, n, run, period, dtype, stream);
}

}  // extern "C"
