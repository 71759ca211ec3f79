// Moving elements: as units of their size or, where the runs are multiples of them, of 16 bytes. The kernels do not look into the units.
#include "indexing.h"

#include "../../runtime/fault.h"

namespace kn::indexing {
namespace {
constexpr int THREADS = 256;
using Chunk = Pack<uint32_t, 4>;

__device__ inline int64_t first_item() { return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; }
__device__ inline int64_t grid_stride() { return static_cast<int64_t>(gridDim.x) * blockDim.x; }

/// A unit with all bits 0 or 1; the latter is NaN in every floating type.
template <class U> __device__ U filled(uint32_t bits) { return static_cast<U>(bits); }
template <> __device__ inline Chunk filled<Chunk>(uint32_t bits) { return {{bits, bits, bits, bits}}; }

template <class U>
__global__ void gather_units(U* y, Fault* fault, const U* x, const int32_t* indices, int64_t outer, int64_t size, int64_t inner,
                             int64_t count) {
    for (int64_t i = first_item(); i < outer * count * inner; i += grid_stride()) {
        const int64_t at = i % inner, which = i / inner % count, o = i / inner / count;
        const int32_t index = indices[which];
        const bool valid = index >= 0 && index < size;
        if (!valid && at == 0) report(fault, index);
        y[i] = valid ? x[(o * size + index) * inner + at] : filled<U>(~0u);
    }
}

template <class U> __global__ void window_units(U* y, const U* x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start) {
    for (int64_t i = first_item(); i < rows * y_width; i += grid_stride()) {
        const int64_t from = i % y_width + start;
        y[i] = from >= 0 && from < x_width ? x[i / y_width * x_width + from] : filled<U>(0);
    }
}

template <class U> __global__ void insert_units(U* y, const U* x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start) {
    for (int64_t i = first_item(); i < rows * x_width; i += grid_stride()) y[i / x_width * y_width + start + i % x_width] = x[i];
}

template <class U> __global__ void select_units(U* y, const uint8_t* mask, const U* a, const U* b, int64_t n, int64_t run, int64_t period) {
    for (int64_t i = first_item(); i < n; i += grid_stride()) y[i] = mask[i / run] != 0 ? a[i] : b[period == n ? i : i % period];
}

/// The unit of a variant: chunks, or elements where the variant is 1, or where it is 0 and chunks do not fit. 0 where they must and do not.
int64_t unit(int variant, kn_dtype dtype, bool chunks) {
    if (variant == 1 || (variant == 0 && !chunks)) return size_of(dtype);
    return chunks ? static_cast<int64_t>(sizeof(Chunk)) : 0;
}

bool aligned(kn_dptr a, kn_dptr b) { return (a | b) % sizeof(Chunk) == 0; }

kn_status no_chunks(const char* what) { return refuse(KN_UNSUPPORTED, "indexing.%s v2 takes runs of whole 16 bytes", what); }

/// Runs the statement with U as the unit of that many bytes.
#define FOR_UNIT(BYTES, U, ...)                                                                                                    \
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
    KN_REQUIRE(outer >= 0 && size >= 0 && inner >= 0 && count >= 0, "indexing.gather: outer = %lld, size = %lld, inner = %lld, count = %lld",
               of(outer), of(size), of(inner), of(count));
    KN_REQUIRE(is_floating(dtype), "indexing.gather moves f32 and bf16, not %s", dtype_name(dtype));
    const int64_t bytes = unit(variant, dtype, aligned(y, x) && inner * size_of(dtype) % 16 == 0);
    if (bytes == 0) return no_chunks("gather");
    inner = inner * size_of(dtype) / bytes;
    const int64_t units = outer * count * inner;
    if (units == 0) return KN_OK;
    FOR_UNIT(bytes, U, LAUNCH((gather_units<U>), blocks_for(units, THREADS), THREADS, 0, stream_of(stream), address<U>(y),
                              address<Fault>(fault), address<const U>(x), address<const int32_t>(indices), outer, size, inner, count));
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
    FOR_UNIT(bytes, U, LAUNCH((window_units<U>), blocks_for(rows * y_width * size / bytes, THREADS), THREADS, 0, stream_of(stream),
                              address<U>(y), address<const U>(x), rows, y_width * size / bytes, x_width * size / bytes,
                              start * size / bytes));
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
    FOR_UNIT(bytes, U, LAUNCH((insert_units<U>), blocks_for(rows * x_width * size / bytes, THREADS), THREADS, 0, stream_of(stream),
                              address<U>(y), address<const U>(x), rows, y_width * size / bytes, x_width * size / bytes,
                              start * size / bytes));
    return launched("indexing.insert in units of %lld bytes, rows = %lld, %lld at %lld of %lld", of(bytes), of(rows), of(x_width), of(start),
                    of(y_width));
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
    FOR_UNIT(bytes, U, LAUNCH((select_units<U>), blocks_for(n * size / bytes, THREADS), THREADS, 0, stream_of(stream), address<U>(y),
                              address<const uint8_t>(mask), address<const U>(a), address<const U>(b), n * size / bytes, run * size / bytes,
                              period * size / bytes));
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
