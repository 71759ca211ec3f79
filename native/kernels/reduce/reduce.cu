// Sums over axes. Bound by memory. Whatever the shape, after neighbouring axes of one kind are joined and axes of size 1 dropped, kept and
// reduced groups of axes alternate; most often there is one reduced group: [outer, n, inner].
#include "reduce.h"

#include "../../runtime/tensors.h"
#include "../../runtime/warp.h"

namespace kn::reduce {
namespace {
constexpr int THREADS = 256;
constexpr int WARPS = THREADS / WARP_SIZE;
constexpr int GROUPS = 3;  // of each kind, in six axes
constexpr int64_t ENOUGH_BLOCKS = 264;
constexpr int64_t FEW = 8;

/// Kept and reduced groups of axes with their strides in x, innermost first, filled up with axes of size 1.
struct Groups {
    int64_t kept[GROUPS], kept_steps[GROUPS], gone[GROUPS], gone_steps[GROUPS];
    int keeping, going;
    int64_t results;
};

Groups groups_of(const Axes& axes) {
    Groups g{{1, 1, 1}, {0, 0, 0}, {1, 1, 1}, {0, 0, 0}, 0, 0, 1};
    int64_t step = 1;
    int before = -1;
    // from the innermost on; a group begins where the kind changes, and has the stride of its innermost axis
    for (int a = 5; a >= 0; --a) {
        const int64_t size = axes.sizes[a];
        const int gone = axes.gone >> a & 1;
        if (!gone) g.results *= size;
        if (size == 1) continue;
        int& count = gone ? g.going : g.keeping;
        if (gone != before) {
            (gone ? g.gone_steps : g.kept_steps)[count] = step;
            ++count;
        }
        (gone ? g.gone : g.kept)[count - 1] *= size;
        before = gone;
        step *= size;
    }
    return g;
}

template <class T> __global__ void sum_v1(float* y, const T* x, Groups g, float scale) {
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < g.results;
         i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        int64_t rest = i;
        const T* from = x;
        for (int k = 0; k < GROUPS; ++k) {
            from += rest % g.kept[k] * g.kept_steps[k];
            rest /= g.kept[k];
        }
        float sum = 0.f;
        for (int64_t a = 0; a < g.gone[2]; ++a) {
            for (int64_t b = 0; b < g.gone[1]; ++b) {
                for (int64_t c = 0; c < g.gone[0]; ++c) {
                    sum += to_float(from[a * g.gone_steps[2] + b * g.gone_steps[1] + c * g.gone_steps[0]]);
                }
            }
        }
        y[i] = sum * scale;
    }
}

/// [outer, n, inner] in parts along n: y[outer, parts, inner].
struct Middle {
    int64_t outer, n, inner, parts;
    __host__ __device__ int64_t length() const { return ceil_div(n, parts); }
};

/// A function of the sizes alone, so that the workspace and the bits are too.
int64_t parts_of(int64_t outer, int64_t n, int64_t inner) {
    const int64_t blocks = inner == 1 ? outer : outer * ceil_div(inner, 4 * WARP_SIZE);
    const int64_t wanted = ENOUGH_BLOCKS / (blocks < 1 ? 1 : blocks), most = n / (inner == 1 ? 4096 : 64);
    const int64_t parts = wanted < most ? wanted : most;
    return parts < 1 ? 1 : parts;
}

/// inner = 1: LANES threads, a warp or the whole block, add up one part of a row. packed: rows and parts are whole packs.
template <class T, int LANES>
__global__ void __launch_bounds__(THREADS) rows_v2(float* y, const T* x, Middle m, bool packed, float scale) {
    __shared__ float scratch[WARPS];
    using Wide = Pack<T, WIDE<T>>;
    const int64_t items = m.outer * m.parts, length = m.length();
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * (THREADS / LANES) + threadIdx.x / LANES; i < items;
         i += static_cast<int64_t>(gridDim.x) * (THREADS / LANES)) {
        const int64_t from = i % m.parts * length, rest = m.n - from;
        const int64_t count = rest < length ? rest : length;
        const T* row = x + i / m.parts * m.n + from;
        float sum = 0.f;
        if (packed) {
            for (int64_t p = threadIdx.x % LANES; p < count / WIDE<T>; p += LANES) {
                const Wide pack = reinterpret_cast<const Wide*>(row)[p];
#pragma unroll
                for (int e = 0; e < WIDE<T>; ++e) sum += to_float(pack.at[e]);
            }
        } else {
            for (int64_t j = threadIdx.x % LANES; j < count; j += LANES) sum += to_float(row[j]);
        }
        sum = LANES == WARP_SIZE ? warp_sum(sum) : block_reduce<Sum, THREADS>(sum, scratch);
        if (threadIdx.x % LANES == 0) y[i] = sum * scale;
    }
}

/// inner > 1: a block adds up one part of 32 WIDTH columns; its warps take rows in turn.
template <class T, int WIDTH> __global__ void __launch_bounds__(THREADS) columns_v2(float* y, const T* x, Middle m, float scale) {
    __shared__ float sums[WARPS][WARP_SIZE * WIDTH];
    const int warp = threadIdx.x / WARP_SIZE, lane = threadIdx.x % WARP_SIZE;
    const int64_t tiles = ceil_div(m.inner, WARP_SIZE * WIDTH), length = m.length();
    for (int64_t item = blockIdx.x; item < tiles * m.outer * m.parts; item += gridDim.x) {
        const int64_t column = item % tiles * WARP_SIZE * WIDTH + lane * WIDTH;
        const int64_t part = item / tiles % m.parts, outer = item / tiles / m.parts;
        const int64_t from = part * length, to = from + length < m.n ? from + length : m.n;
        float sum[WIDTH] = {};
        if (column < m.inner) {
            for (int64_t r = from + warp; r < to; r += WARPS) {
                const Pack<T, WIDTH> pack = *reinterpret_cast<const Pack<T, WIDTH>*>(x + (outer * m.n + r) * m.inner + column);
#pragma unroll
                for (int e = 0; e < WIDTH; ++e) sum[e] += to_float(pack.at[e]);
            }
        }
#pragma unroll
        for (int e = 0; e < WIDTH; ++e) sums[warp][lane * WIDTH + e] = sum[e];
        __syncthreads();  // all warps' sums are there
        for (int c = threadIdx.x; c < WARP_SIZE * WIDTH; c += THREADS) {
            const int64_t at = item % tiles * WARP_SIZE * WIDTH + c;
            float all = 0.f;
#pragma unroll
            for (int w = 0; w < WARPS; ++w) all += sums[w][c];
            if (at < m.inner) y[(outer * m.parts + part) * m.inner + at] = all * scale;
        }
        __syncthreads();  // all have read them
    }
}

template <class T> void launch_middle(kn_dptr y, kn_dptr x, const Middle& m, float scale, kn_handle stream) {
    float* to = address<float>(y);
    const T* from = address<const T>(x);
    const bool aligned = x % 16 == 0;
    if (m.inner == 1) {
        const bool packed = aligned && m.n % WIDE<T> == 0 && m.length() % WIDE<T> == 0;
        if (m.length() <= 1024) {
            LAUNCH((rows_v2<T, WARP_SIZE>), blocks_for(m.outer * m.parts, WARPS), THREADS, 0, stream_of(stream), to, from, m, packed,
                   scale);
        } else {
            LAUNCH((rows_v2<T, THREADS>), blocks_for(m.outer * m.parts, 1), THREADS, 0, stream_of(stream), to, from, m, packed, scale);
        }
        return;
    }
    const bool packed = aligned && m.inner % WIDE<T> == 0;
    const int64_t blocks = ceil_div(m.inner, WARP_SIZE * (packed ? WIDE<T> : 1)) * m.outer * m.parts;
    if (packed) {
        LAUNCH((columns_v2<T, WIDE<T>>), blocks_for(blocks, 1), THREADS, 0, stream_of(stream), to, from, m, scale);
    } else {
        LAUNCH((columns_v2<T, 1>), blocks_for(blocks, 1), THREADS, 0, stream_of(stream), to, from, m, scale);
    }
}

/// One reduced group after the other, the innermost first: what lies between is in the workspace.
struct Pass {
    Middle middle;
    int64_t partial, result;  // elements
};

int passes_of(const Groups& g, Pass* passes) {
    int64_t kept_before = 1, gone_before = 1;
    for (int k = 0; k < g.keeping; ++k) kept_before *= g.kept[k];
    for (int k = 0; k < g.going; ++k) gone_before *= g.gone[k];
    for (int p = 0; p < g.going; ++p) {
        // kept groups further in than this one: those whose stride is smaller
        int64_t inner = 1;
        for (int k = 0; k < g.keeping; ++k) inner *= g.kept_steps[k] < g.gone_steps[p] ? g.kept[k] : 1;
        gone_before /= g.gone[p];
        const int64_t outer = kept_before / inner * gone_before;
        const int64_t parts = parts_of(outer, g.gone[p], inner);
        passes[p] = {{outer, g.gone[p], inner, parts}, parts == 1 ? 0 : outer * parts * inner, outer * inner};
    }
    return g.going;
}

int64_t rounded(int64_t elements) { return ceil_div(elements, 4) * 4; }

int64_t workspace_elements(const Groups& g) {
    Pass passes[GROUPS];
    const int count = passes_of(g, passes);
    int64_t elements = 0;
    for (int p = 0; p < count; ++p) elements += rounded(passes[p].partial) + (p + 1 < count ? rounded(passes[p].result) : 0);
    return elements;
}

void launch_passes(kn_dptr y, kn_dptr x, const Groups& g, float scale, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    Pass passes[GROUPS];
    const int count = passes_of(g, passes);
    for (int p = 0; p < count; ++p) {
        const bool last = p + 1 == count;
        const kn_dptr partial = workspace, result = last ? y : partial + 4 * static_cast<kn_dptr>(rounded(passes[p].partial));
        const Middle m = passes[p].middle;
        const float factor = last ? scale : 1.f;
        const bool whole = m.parts == 1;
        KN_FLOATING(dtype, T, launch_middle<T>(whole ? result : partial, x, m, whole ? factor : 1.f, stream));
        if (!whole) launch_middle<float>(result, partial, {m.outer, m.parts, m.inner, 1}, factor, stream);
        workspace = result + 4 * static_cast<kn_dptr>(rounded(passes[p].result));
        x = result;
        dtype = KN_F32;
    }
}

kn_status checked(const Axes& axes) {
    for (int64_t size : axes.sizes) KN_REQUIRE(size >= 0, "reduce.sum: an axis of %lld", static_cast<long long>(size));
    KN_REQUIRE(axes.gone >= 0 && axes.gone < 64, "reduce.sum: %d are no axes of 6", axes.gone);
    return KN_OK;
}

// ---- norms
constexpr int64_t PER_BLOCK = 8192;
using Table = Tensors<KN_NORM_COLUMNS>;

template <class T, int WIDTH> __device__ float squares(const T* x, int64_t count) {
    float sum = 0.f;
    const int64_t packs = count / WIDTH;
    for (int64_t p = threadIdx.x; p < packs; p += THREADS) {
        const Pack<T, WIDTH> pack = reinterpret_cast<const Pack<T, WIDTH>*>(x)[p];
#pragma unroll
        for (int e = 0; e < WIDTH; ++e) sum = fmaf(to_float(pack.at[e]), to_float(pack.at[e]), sum);
    }
    for (int64_t i = packs * WIDTH + threadIdx.x; i < count; i += THREADS) sum = fmaf(to_float(x[i]), to_float(x[i]), sum);
    return sum;
}

template <bool PACKED> __global__ void __launch_bounds__(THREADS) squares_of_parts(float* partial, const __grid_constant__ Table tensors) {
    __shared__ float scratch[WARPS];
    const int block = static_cast<int>(blockIdx.x), which = tensors.of_block(block);
    const int64_t* row = tensors.rows[which];
    const int64_t from = (block - tensors.first[which]) * PER_BLOCK, rest = row[2] - from;
    const int64_t count = rest < PER_BLOCK ? rest : PER_BLOCK;
    const float sum = row[1] == KN_BF16 ? squares<bf16, PACKED ? WIDE<bf16> : 1>(reinterpret_cast<const bf16*>(row[0]) + from, count)
                                        : squares<float, PACKED ? WIDE<float> : 1>(reinterpret_cast<const float*>(row[0]) + from, count);
    const float all = block_reduce<Sum, THREADS>(sum, scratch);
    if (threadIdx.x == 0) partial[block] = all;
}

__global__ void __launch_bounds__(THREADS) root_of_sum(float* y, const float* partial, int64_t count) {
    __shared__ float scratch[WARPS];
    float sum = 0.f;
    for (int64_t i = threadIdx.x; i < count; i += THREADS) sum += partial[i];
    sum = block_reduce<Sum, THREADS>(sum, scratch);
    if (threadIdx.x == 0) *y = sqrtf(sum);
}

__global__ void clip_factor_v1(float* y, const float* norm, float limit) {
    const float factor = limit / (*norm + 1e-6f);
    *y = factor > 1.f ? 1.f : factor;  // NaN stays NaN
}

kn_status checked(const int64_t* tensors, int64_t count) {
    KN_REQUIRE(count >= 0, "reduce.norm: %lld tensors", static_cast<long long>(count));
    for (int64_t t = 0; t < count; ++t) {
        const int64_t* row = tensors + t * KN_NORM_COLUMNS;
        KN_REQUIRE(row[2] >= 0, "reduce.norm: tensor %lld has %lld elements", static_cast<long long>(t), static_cast<long long>(row[2]));
        KN_REQUIRE(is_floating(static_cast<kn_dtype>(row[1])), "reduce.norm takes f32 and bf16, not %s",
                   dtype_name(static_cast<kn_dtype>(row[1])));
    }
    return KN_OK;
}
}  // namespace

kn_status sum(int variant, kn_dptr y, kn_dptr x, const Axes& axes, float scale, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    if (const kn_status bad = checked(axes)) return bad;
    KN_REQUIRE(is_floating(dtype), "reduce.sum takes f32 and bf16, not %s", dtype_name(dtype));
    const Groups g = groups_of(axes);
    if (g.results == 0) return KN_OK;
    const int64_t terms = g.gone[0] * g.gone[1] * g.gone[2];
    const bool plain = g.going == 0 || terms == 0;
    if (variant == 2 && plain) return refuse(KN_UNSUPPORTED, "reduce.sum v2 takes sums of more than one term");
    // of a few terms a warp or a block would be idle for the most part
    if (variant == 0) variant = plain || terms <= FEW ? 1 : 2;
    if (variant == 2) {
        launch_passes(y, x, g, scale, dtype, workspace, stream);
    } else {
        KN_FLOATING(dtype, T, LAUNCH((sum_v1<T>), blocks_for(g.results, THREADS), THREADS, 0, stream_of(stream), address<float>(y),
                                     address<const T>(x), g, scale));
    }
    return launched("reduce.sum v%d, %lld sums of %lld", variant, static_cast<long long>(g.results), static_cast<long long>(terms));
}

kn_status norm(int variant, kn_dptr y, const int64_t* tensors, int64_t count, kn_dptr workspace, kn_handle stream) {
    if (const kn_status bad = checked(tensors, count)) return bad;
    bool aligned = true;
    for (int64_t t = 0; t < count; ++t) aligned = aligned && tensors[t * KN_NORM_COLUMNS] % 16 == 0;
    if (variant == 0) variant = aligned ? 2 : 1;
    float* partial = address<float>(workspace);
    for_tables<KN_NORM_COLUMNS>(tensors, count, PER_BLOCK, [&](const Table& table, unsigned blocks, int64_t before) {
        if (variant == 2) {
            LAUNCH(squares_of_parts<true>, blocks, THREADS, 0, stream_of(stream), partial + before, table);
        } else {
            LAUNCH(squares_of_parts<false>, blocks, THREADS, 0, stream_of(stream), partial + before, table);
        }
    });
    LAUNCH(root_of_sum, 1, THREADS, 0, stream_of(stream), address<float>(y), partial,
           blocks_of<KN_NORM_COLUMNS>(tensors, count, PER_BLOCK));
    return launched("reduce.norm v%d of %lld tensors", variant, static_cast<long long>(count));
}
}  // namespace kn::reduce

using namespace kn;

extern "C" {

kn_status kn_reduce_sum(kn_dptr y, kn_dptr x, int64_t d0, int64_t d1, int64_t d2, int64_t d3, int64_t d4, int64_t d5, int32_t axes,
                        float scale, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return reduce::sum(0, y, x, {{d0, d1, d2, d3, d4, d5}, axes}, scale, dtype, workspace, stream);
}

int64_t kn_reduce_sum_workspace(int64_t d0, int64_t d1, int64_t d2, int64_t d3, int64_t d4, int64_t d5, int32_t axes) {
    const reduce::Axes all{{d0, d1, d2, d3, d4, d5}, axes};
    if (reduce::checked(all) != KN_OK) return -1;
    const reduce::Groups g = reduce::groups_of(all);
    return g.results == 0 || g.gone[0] * g.gone[1] * g.gone[2] == 0 ? 0 : 4 * reduce::workspace_elements(g);
}

kn_status kn_reduce_norm(kn_dptr y, const int64_t* tensors, int64_t count, kn_dptr workspace, kn_handle stream) {
    return reduce::norm(0, y, tensors, count, workspace, stream);
}

int64_t kn_reduce_norm_workspace(const int64_t* tensors, int64_t count) {
    if (reduce::checked(tensors, count) != KN_OK) return -1;
    return 4 * blocks_of<KN_NORM_COLUMNS>(tensors, count, reduce::PER_BLOCK);
}

kn_status kn_reduce_clip_factor(kn_dptr y, kn_dptr norm, float limit, kn_handle stream) {
    LAUNCH(reduce::clip_factor_v1, 1, 1, 0, stream_of(stream), address<float>(y), address<const float>(norm), limit);
    return launched("reduce.clip_factor");
}

}  // extern "C"
