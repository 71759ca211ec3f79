// InfoNCE of bf16 against a queue on tensor cores, widths up to 256: the loss, and with it what the gradient needs of the queue, in one
// pass, as attention whose values are its keys (Dao, arXiv:2307.08691), so that the queue is read once and scores are computed once.
#include "tensor.h"

#include "variants.h"

namespace kn::infonce {
namespace {
template <int DEPTH> Split split_of(int64_t rows, int64_t capacity, bool pulls) {
    return {ceil_div(rows, ROWS), capacity, KEYS<DEPTH>, pulls ? 132 : 2 * 132};
}

// sums[part][rows][width], where PULLS: exponentials, times 2^-top of the part, times the queue
template <int DEPTH, bool UNIT, bool PULLS>
__global__ void __launch_bounds__(BLOCK) pass_v2(Part* parts, float* sums, const float* positives, Queue<bf16> c, int each_part,
                                                 float bound) {
    bf16* const q = reinterpret_cast<bf16*>(dynamic_shared());
    const int n = counted(c.count, c.rows);
    PairOfRows<UNIT> rows(c, positives, n, bound);
    if (rows.first >= n) return;
    float pulled[PULLS ? DEPTH / 8 : 1][4];
    clear(pulled);
    for_tiles<DEPTH>(c, q, rows.first, each_part, [&](int tile, bf16* keys) {
        if (!rows.any(n)) return;
        float scores[KEYS<DEPTH> / 8][4], shrink[2];
        score<DEPTH>(scores, c, q, keys, tile, rows);
        rows.add(scores, shrink);
        if constexpr (PULLS) {
            if (!UNIT) scale(pulled, shrink);
#pragma unroll
            for (int s = 0; s < KEYS<DEPTH> / 16; ++s) {
                uint32_t weights[4];
                as_left(weights, scores, s);
                multiply_columns<DEPTH>(pulled, weights, keys, s);
            }
        }
    });
    const int64_t part = static_cast<int64_t>(blockIdx.y) * c.rows;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const Part p = rows.sum(half);
        const int row = rows.row(half);
        if (row >= n) continue;
        if (rows.t == 0) parts[part + row] = p;
        if constexpr (PULLS) {
#pragma unroll
            for (int j = 0; j < DEPTH / 8; ++j) {
                const int column = rows.column(j, 0);  // the width is a multiple of 8
                const Pack<float, 2> both{{pulled[j][half * 2], pulled[j][half * 2 + 1]}};
                if (column < c.width) *reinterpret_cast<Pack<float, 2>*>(sums + (part + row) * c.width + column) = both;
            }
        }
    }
}

template <int DEPTH, bool UNIT, bool PULLS>
void launch_pass(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream) {
    const Split split = split_of<DEPTH>(c.rows, c.capacity, PULLS);
    const dim3 grid(static_cast<unsigned>(ceil_div(c.rows, ROWS)), static_cast<unsigned>(split.parts));
    LAUNCH((pass_v2<DEPTH, UNIT, PULLS>), grid, BLOCK, SHARED<DEPTH>, stream_of(stream), address<Part>(w.parts), address<float>(sums),
           address<const float>(w.positives), queue_of<bf16>(c), static_cast<int>(split.each), bound_of(c));
}

template <int DEPTH> void launch_deep(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream) {
    if (sums == 0) {
        has_bound(c) ? launch_pass<DEPTH, true, false>(w, sums, c, stream) : launch_pass<DEPTH, false, false>(w, sums, c, stream);
    } else {
        has_bound(c) ? launch_pass<DEPTH, true, true>(w, sums, c, stream) : launch_pass<DEPTH, false, true>(w, sums, c, stream);
    }
}
}  // namespace

bool is_for_tensor_cores(int64_t width, int64_t capacity, kn_dtype dtype) {
    return dtype == KN_BF16 && width % 8 == 0 && width <= 256 && capacity > 0;
}

int64_t tensor_splits(int64_t rows, int64_t width, int64_t capacity, bool pulls) {
    return width <= 128 ? split_of<128>(rows, capacity, pulls).parts : split_of<256>(rows, capacity, pulls).parts;
}

void launch_tensor(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream) {
    if (c.width <= 128) {
        launch_deep<128>(w, sums, c, stream);
    } else {
        launch_deep<256>(w, sums, c, stream);
    }
}
}  // namespace kn::infonce
