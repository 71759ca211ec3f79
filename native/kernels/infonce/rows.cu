// Rows of unit length, by a warp for each, and the ring that keeps them.
#include "rows.h"

#include "../../runtime/fault.h"
#include "../../runtime/warp.h"

namespace kn::infonce {
namespace {
constexpr int WARPS = 4, BLOCK = WARPS * WARP_SIZE;

__device__ inline int lane() { return static_cast<int>(threadIdx.x) % WARP_SIZE; }
__device__ inline int64_t first_row() { return static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / WARP_SIZE; }
__device__ inline int64_t stride() { return static_cast<int64_t>(gridDim.x) * WARPS; }

// W elements at a time; the width is a multiple of W
template <class T, int W> __global__ void normalize_rows(T* y, float* norms, const T* x, int64_t rows, int64_t width, float epsilon) {
    using Wide = Pack<T, W>;
    for (int64_t row = first_row(); row < rows; row += stride()) {
        const Wide* from = reinterpret_cast<const Wide*>(x + row * width);
        Wide* to = reinterpret_cast<Wide*>(y + row * width);
        float sum = 0.f;
        for (int64_t i = lane(); i < width / W; i += WARP_SIZE) {
            const Wide pack = from[i];
#pragma unroll
            for (int e = 0; e < W; ++e) sum += to_float(pack.at[e]) * to_float(pack.at[e]);
        }
        const float norm = sqrtf(warp_sum(sum)), scale = 1.f / fmaxf(norm, epsilon);
        if (lane() == 0) norms[row] = norm;
        for (int64_t i = lane(); i < width / W; i += WARP_SIZE) {
            Wide pack = from[i];
#pragma unroll
            for (int e = 0; e < W; ++e) pack.at[e] = from_float<T>(to_float(pack.at[e]) * scale);
            to[i] = pack;
        }
    }
}

template <class T, int W>
__global__ void normalize_rows_gradient(T* dx, const T* dy, const T* y, const float* norms, int64_t rows, int64_t width, float epsilon) {
    using Wide = Pack<T, W>;
    for (int64_t row = first_row(); row < rows; row += stride()) {
        const Wide* pull = reinterpret_cast<const Wide*>(dy + row * width);
        const Wide* unit = reinterpret_cast<const Wide*>(y + row * width);
        Wide* to = reinterpret_cast<Wide*>(dx + row * width);
        const float norm = norms[row], scale = 1.f / fmaxf(norm, epsilon);
        float along = 0.f;
        for (int64_t i = lane(); i < width / W; i += WARP_SIZE) {
            const Wide p = pull[i], u = unit[i];
#pragma unroll
            for (int e = 0; e < W; ++e) along += to_float(p.at[e]) * to_float(u.at[e]);
        }
        along = warp_sum(along);
        if (norm < epsilon) along = 0.f;
        for (int64_t i = lane(); i < width / W; i += WARP_SIZE) {
            Wide p = pull[i];
            const Wide u = unit[i];
#pragma unroll
            for (int e = 0; e < W; ++e) p.at[e] = from_float<T>((to_float(p.at[e]) - to_float(u.at[e]) * along) * scale);
            to[i] = p;
        }
    }
}

/// -1 where the ring cannot take it.
__device__ int64_t enqueued(const int64_t* pointer, const int32_t* count, int64_t rows, int64_t capacity) {
    const int64_t n = count == nullptr ? rows : *count;
    return *pointer >= 0 && *pointer < capacity && n >= 0 && n <= rows ? n : -1;
}

// Word: as many bytes as a row has a multiple of
template <class Word>
__global__ void enqueue_rows(Word* queue, const int64_t* pointer, const Word* rows, const int32_t* count, int64_t row_count,
                             int64_t capacity, int64_t words) {
    const int64_t n = enqueued(pointer, count, row_count, capacity) * words, first = *pointer * words, end = capacity * words;
    const int64_t step = static_cast<int64_t>(gridDim.x) * BLOCK;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * BLOCK + threadIdx.x; i < n; i += step) {
        queue[first + i < end ? first + i : first + i - end] = rows[i];
    }
}

__global__ void enqueue_rounded(bf16* copy, const int64_t* pointer, const float* rows, const int32_t* count, int64_t row_count,
                                int64_t capacity, int64_t width) {
    const int64_t n = enqueued(pointer, count, row_count, capacity) * width, first = *pointer * width, end = capacity * width;
    const int64_t step = static_cast<int64_t>(gridDim.x) * BLOCK;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * BLOCK + threadIdx.x; i < n; i += step) {
        copy[first + i < end ? first + i : first + i - end] = from_float<bf16>(rows[i]);
    }
}

// after the rows, as all their blocks read the pointer
__global__ void move_pointer(int64_t* pointer, Fault* count_fault, Fault* pointer_fault, const int32_t* count, int64_t row_count,
                             int64_t capacity) {
    const int64_t n = enqueued(pointer, count, row_count, capacity);
    if (n >= 0) {
        *pointer = (*pointer + n) % capacity;
        return;
    }
    if (count != nullptr && (*count < 0 || *count > row_count)) report(count_fault, *count);
    if (*pointer < 0 || *pointer >= capacity) report(pointer_fault, static_cast<int32_t>(*pointer));
}

kn_status check(const char* what, int64_t rows, int64_t width, kn_dtype dtype) {
    KN_REQUIRE(rows >= 0 && width >= 0, "infonce.%s: rows = %lld, width = %lld", what, static_cast<long long>(rows),
               static_cast<long long>(width));
    KN_REQUIRE(is_floating(dtype), "infonce.%s knows f32 and bf16, not %s", what, dtype_name(dtype));
    return KN_OK;
}

bool takes_packs(int64_t width, kn_dtype dtype) { return width % (dtype == KN_BF16 ? WIDE<bf16> : WIDE<float>) == 0; }

template <class Word>
void launch_enqueue(kn_dptr queue, kn_dptr pointer, kn_dptr rows, kn_dptr count, int64_t row_count, int64_t capacity, int64_t row_bytes,
                    kn_handle stream) {
    const int64_t words = row_bytes / static_cast<int64_t>(sizeof(Word));
    LAUNCH((enqueue_rows<Word>), blocks_for(row_count * words, BLOCK), BLOCK, 0, stream_of(stream), address<Word>(queue),
           address<const int64_t>(pointer), address<const Word>(rows), address<const int32_t>(count), row_count, capacity, words);
}
}  // namespace

kn_status normalize(int variant, kn_dptr y, kn_dptr norms, kn_dptr x, int64_t rows, int64_t width, double epsilon, kn_dtype dtype,
                    kn_handle stream) {
    const kn_status status = check("normalize", rows, width, dtype);
    if (status != KN_OK || rows == 0) return status;
    const bool packs = takes_packs(width, dtype);
    if (variant == 0) variant = packs ? 2 : 1;
    if (variant > 1 && !packs) return refuse(KN_UNSUPPORTED, "infonce.normalize v2 takes rows of whole 16 bytes");
    KN_FLOATING(dtype, T, {
        if (variant == 1) {
            LAUNCH((normalize_rows<T, 1>), blocks_for(rows, WARPS), BLOCK, 0, stream_of(stream), address<T>(y), address<float>(norms),
                   address<const T>(x), rows, width, static_cast<float>(epsilon));
        } else {
            LAUNCH((normalize_rows<T, WIDE<T>>), blocks_for(rows, WARPS), BLOCK, 0, stream_of(stream), address<T>(y), address<float>(norms),
                   address<const T>(x), rows, width, static_cast<float>(epsilon));
        }
    });
    return launched("infonce.normalize v%d, rows = %lld, width = %lld", variant, static_cast<long long>(rows),
                    static_cast<long long>(width));
}

kn_status normalize_gradient(int variant, kn_dptr dx, kn_dptr dy, kn_dptr y, kn_dptr norms, int64_t rows, int64_t width, double epsilon,
                             kn_dtype dtype, kn_handle stream) {
    const kn_status status = check("normalize_gradient", rows, width, dtype);
    if (status != KN_OK || rows == 0) return status;
    const bool packs = takes_packs(width, dtype);
    if (variant == 0) variant = packs ? 2 : 1;
    if (variant > 1 && !packs) return refuse(KN_UNSUPPORTED, "infonce.normalize_gradient v2 takes rows of whole 16 bytes");
    KN_FLOATING(dtype, T, {
        if (variant == 1) {
            LAUNCH((normalize_rows_gradient<T, 1>), blocks_for(rows, WARPS), BLOCK, 0, stream_of(stream), address<T>(dx),
                   address<const T>(dy), address<const T>(y), address<const float>(norms), rows, width, static_cast<float>(epsilon));
        } else {
            LAUNCH((normalize_rows_gradient<T, WIDE<T>>), blocks_for(rows, WARPS), BLOCK, 0, stream_of(stream), address<T>(dx),
                   address<const T>(dy), address<const T>(y), address<const float>(norms), rows, width, static_cast<float>(epsilon));
        }
    });
    return launched("infonce.normalize_gradient v%d, rows = %lld, width = %lld", variant, static_cast<long long>(rows),
                    static_cast<long long>(width));
}
}  // namespace kn::infonce

using namespace kn;

extern "C" {

kn_status kn_infonce_normalize(kn_dptr y, kn_dptr norms, kn_dptr x, int64_t rows, int64_t width, double epsilon, kn_dtype dtype,
                               kn_handle stream) {
    return infonce::normalize(0, y, norms, x, rows, width, epsilon, dtype, stream);
}

kn_status kn_infonce_normalize_gradient(kn_dptr dx, kn_dptr dy, kn_dptr y, kn_dptr norms, int64_t rows, int64_t width, double epsilon,
                                        kn_dtype dtype, kn_handle stream) {
    return infonce::normalize_gradient(0, dx, dy, y, norms, rows, width, epsilon, dtype, stream);
}

kn_status kn_infonce_enqueue(kn_dptr queue, kn_dptr pointer, kn_dptr count_fault, kn_dptr pointer_fault, kn_dptr rows, kn_dptr count,
                             int64_t row_count, int64_t capacity, int64_t row_bytes, kn_handle stream) {
    using namespace infonce;
    KN_REQUIRE(row_count >= 0 && row_count <= capacity && row_bytes >= 0,
               "infonce.enqueue: %lld rows of %lld bytes do not fit into a queue of %lld", static_cast<long long>(row_count),
               static_cast<long long>(row_bytes), static_cast<long long>(capacity));
    if (row_count == 0 || row_bytes == 0) return KN_OK;
    if (row_bytes % 16 == 0) {
        launch_enqueue<Pack<uint32_t, 4>>(queue, pointer, rows, count, row_count, capacity, row_bytes, stream);
    } else if (row_bytes % 4 == 0) {
        launch_enqueue<uint32_t>(queue, pointer, rows, count, row_count, capacity, row_bytes, stream);
    } else {
        launch_enqueue<uint8_t>(queue, pointer, rows, count, row_count, capacity, row_bytes, stream);
    }
    LAUNCH(move_pointer, 1, 1, 0, stream_of(stream), address<int64_t>(pointer), address<Fault>(count_fault), address<Fault>(pointer_fault),
           address<const int32_t>(count), row_count, capacity);
    return launched("infonce.enqueue, row_count = %lld, capacity = %lld", static_cast<long long>(row_count),
                    static_cast<long long>(capacity));
}

kn_status kn_infonce_enqueue_rounded(kn_dptr copy, kn_dptr pointer, kn_dptr rows, kn_dptr count, int64_t row_count, int64_t capacity,
                                     int64_t width, kn_handle stream) {
    using namespace infonce;
    KN_REQUIRE(row_count >= 0 && row_count <= capacity && width >= 0,
               "infonce.enqueue_rounded: %lld rows of %lld numbers do not fit into a copy of %lld", static_cast<long long>(row_count),
               static_cast<long long>(width), static_cast<long long>(capacity));
    if (row_count == 0 || width == 0) return KN_OK;
    LAUNCH(enqueue_rounded, blocks_for(row_count * width, BLOCK), BLOCK, 0, stream_of(stream), address<bf16>(copy),
           address<const int64_t>(pointer), address<const float>(rows), address<const int32_t>(count), row_count, capacity, width);
    return launched("infonce.enqueue_rounded, row_count = %lld, capacity = %lld", static_cast<long long>(row_count),
                    static_cast<long long>(capacity));
}

}  // extern "C"
