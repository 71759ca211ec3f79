// The transpose of gather, with the same bits in each run: no sum is made by atomics. The plain form looks at all indices for each element
// of the table; the other makes a list for each entry of what it gets, in order, and adds up along the lists.
#include "indexing.h"

#include "../../runtime/access.h"
#include "../../runtime/fault.h"

namespace kn::indexing {
namespace {
constexpr int THREADS = 256;
constexpr int64_t FEW = 64;  // indices, for which lists are not worth their launches

struct Sizes {
    int64_t outer, size, inner, count;
};

__global__ void check_indices(Fault* fault, const int32_t* indices, Sizes s) {
    for (int64_t i = first_item(); i < s.count; i += grid_stride()) {
        if (indices[i] < 0 || indices[i] >= s.size) report(fault, indices[i]);
    }
}

template <class T> __global__ void scatter_add_v1(float* y, const T* x, const int32_t* indices, Sizes s) {
    for (int64_t i = first_item(); i < s.outer * s.size * s.inner; i += grid_stride()) {
        const int64_t at = i % s.inner, entry = i / s.inner % s.size, o = i / s.inner / s.size;
        float sum = 0.f;
        for (int64_t j = 0; j < s.count; ++j) {
            if (indices[j] == entry) sum += to_float(x[(o * s.count + j) * s.inner + at]);
        }
        y[i] = sum;
    }
}

/// The lists, in the workspace: entry e has those from ends[e - 1], or 0, to ends[e].
struct Lists {
    int32_t *ends, *cursors;    // [size]
    int32_t *unsorted, *items;  // [count]
};

Lists lists_in(kn_dptr workspace, const Sizes& s) {
    int32_t* at = address<int32_t>(workspace);
    return {at, at + s.size, at + 2 * s.size, at + 2 * s.size + s.count};
}

__global__ void clear_lists(Lists lists, Sizes s) {
    for (int64_t i = first_item(); i < s.size; i += grid_stride()) lists.ends[i] = 0;
}

__global__ void count_items(Lists lists, const int32_t* indices, Sizes s) {
    for (int64_t i = first_item(); i < s.count; i += grid_stride()) {
        if (indices[i] >= 0 && indices[i] < s.size) atomicAdd(&lists.ends[indices[i]], 1);
    }
}

/// One block turns counts into ends: each thread adds up a run of entries, then goes through it again from where the run begins.
__global__ void __launch_bounds__(THREADS) end_lists(Lists lists, Sizes s) {
    __shared__ int32_t sums[THREADS];
    const int64_t run = ceil_div(s.size, THREADS);
    const int64_t from = threadIdx.x * run, to = from + run < s.size ? from + run : s.size;
    int32_t sum = 0;
    for (int64_t i = from; i < to; ++i) sum += lists.ends[i];
    sums[threadIdx.x] = sum;
    __syncthreads();  // all runs are added up
    int32_t at = 0;
    for (unsigned t = 0; t < threadIdx.x; ++t) at += sums[t];
    for (int64_t i = from; i < to; ++i) {
        lists.cursors[i] = at;
        at += lists.ends[i];
        lists.ends[i] = at;
    }
}

__global__ void fill_lists(Lists lists, const int32_t* indices, Sizes s) {
    for (int64_t i = first_item(); i < s.count; i += grid_stride()) {
        if (indices[i] >= 0 && indices[i] < s.size) {
            lists.unsorted[atomicAdd(&lists.cursors[indices[i]], 1)] = static_cast<int32_t>(i);
        }
    }
}

// who came first to a list depends on the run; an item's place is how many of its list are before it
__global__ void sort_lists(Lists lists, const int32_t* indices, Sizes s) {
    const int32_t filled = lists.ends[s.size - 1];
    for (int64_t i = first_item(); i < filled; i += grid_stride()) {
        const int32_t item = lists.unsorted[i], entry = indices[item];
        const int32_t from = entry == 0 ? 0 : lists.ends[entry - 1], to = lists.ends[entry];
        int32_t place = from;
        for (int32_t j = from; j < to; ++j) place += lists.unsorted[j] < item;
        lists.items[place] = item;
    }
}

template <class T> __global__ void scatter_add_v2(float* y, const T* x, Lists lists, Sizes s) {
    for (int64_t i = first_item(); i < s.outer * s.size * s.inner; i += grid_stride()) {
        const int64_t at = i % s.inner, entry = i / s.inner % s.size, o = i / s.inner / s.size;
        const int32_t from = entry == 0 ? 0 : lists.ends[entry - 1], to = lists.ends[entry];
        float sum = 0.f;
        for (int32_t j = from; j < to; ++j) sum += to_float(x[(o * s.count + lists.items[j]) * s.inner + at]);
        y[i] = sum;
    }
}

kn_status checked(const Sizes& s) {
    const auto of = [](int64_t n) { return static_cast<long long>(n); };
    KN_REQUIRE(s.outer >= 0 && s.size >= 0 && s.inner >= 0 && s.count >= 0 && s.size < 1LL << 31 && s.count < 1LL << 31,
               "indexing.scatter_add: outer = %lld, size = %lld, inner = %lld, count = %lld", of(s.outer), of(s.size), of(s.inner),
               of(s.count));
    return KN_OK;
}
}  // namespace

kn_status scatter_add(int variant, kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                      int64_t count, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    const Sizes s{outer, size, inner, count};
    if (const kn_status bad = checked(s)) return bad;
    KN_REQUIRE(is_floating(dtype), "indexing.scatter_add takes f32 and bf16, not %s", dtype_name(dtype));
    const int64_t results = outer * size * inner;
    if (results == 0) return KN_OK;
    if (variant == 0) variant = count <= FEW ? 1 : 2;
    const cudaStream_t on = stream_of(stream);
    const int32_t* index = address<const int32_t>(indices);
    if (count > 0) LAUNCH(check_indices, blocks_for(count, THREADS), THREADS, 0, on, address<Fault>(fault), index, s);
    if (variant == 1) {
        KN_FLOATING(dtype, T, LAUNCH((scatter_add_v1<T>), blocks_for(results, THREADS), THREADS, 0, on, address<float>(y),
                                     address<const T>(x), index, s));
    } else {
        const Lists lists = lists_in(workspace, s);
        LAUNCH(clear_lists, blocks_for(size, THREADS), THREADS, 0, on, lists, s);
        if (count > 0) LAUNCH(count_items, blocks_for(count, THREADS), THREADS, 0, on, lists, index, s);
        LAUNCH(end_lists, 1, THREADS, 0, on, lists, s);
        if (count > 0) LAUNCH(fill_lists, blocks_for(count, THREADS), THREADS, 0, on, lists, index, s);
        if (count > 0) LAUNCH(sort_lists, blocks_for(count, THREADS), THREADS, 0, on, lists, index, s);
        KN_FLOATING(dtype, T, LAUNCH((scatter_add_v2<T>), blocks_for(results, THREADS), THREADS, 0, on, address<float>(y),
                                     address<const T>(x), lists, s));
    }
    return launched("indexing.scatter_add v%d, %lld indices into %lld entries", variant, static_cast<long long>(count),
                    static_cast<long long>(size));
}
}  // namespace kn::indexing

using namespace kn;

extern "C" {

kn_status kn_indexing_scatter_add(kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                                  int64_t count, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return indexing::scatter_add(0, y, fault, x, indices, outer, size, inner, count, dtype, workspace, stream);
}

int64_t kn_indexing_scatter_add_workspace(int64_t outer, int64_t size, int64_t inner, int64_t count) {
    if (indexing::checked({outer, size, inner, count}) != KN_OK) return -1;
    return 4 * (2 * size + 2 * count);
}

}  // extern "C"
