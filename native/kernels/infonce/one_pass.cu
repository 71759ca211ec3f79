// InfoNCE of bf16 on tensor cores, widths up to 128, with what the gradient needs of the queue in the same pass: as attention whose values
// are its keys (Dao, arXiv:2307.08691), so that the queue is read once and scores are computed once.
#include "tensor.h"
#include "variants.h"

namespace kn::infonce {
namespace {
constexpr int WIDEST = 128;  // twice as wide ones would need more registers than there are

Split split_of(int64_t rows, int64_t capacity) { return {rows, capacity, 132}; }

// sums[part][rows][width]: exponentials, times 2^-top of the part, times the queue; shift as in loss_v2
template <int DEPTH, bool UNIT>
__global__ void __launch_bounds__(BLOCK) one_pass(Part* parts, float* sums, const float* positives, Queue<bf16> c, int each_part,
                                                  float shift) {
    bf16* const q = reinterpret_cast<bf16*>(dynamic_shared());
    const Lane lane;
    const int first = static_cast<int>(blockIdx.x) * ROWS, n = counted(c.count, c.rows);
    if (first >= n) return;
    const bool active = first + lane.warp * 16 < n;
    Part mine[2];
    float positive[2], pulled[DEPTH / 8][4];
    int owners[2];
    clear(pulled);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int row = first + lane.row(half);
        mine[half] = {UNIT ? shift : -INFINITY, 0.f, 0};
        positive[half] = row < n ? positives[row] * LOG2_E : 0.f;
        owners[half] = row < n ? c.owner(row) : -1;
    }
    for_tiles<DEPTH>(c, q, first, each_part, [&](int tile, bf16* keys) {
        if (!active) return;
        float scores[NI][4];
        score<DEPTH>(scores, c, q, keys, tile, owners);
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            Part& p = mine[half];
            if (!UNIT) {
                float higher = p.top;
#pragma unroll
                for (int j = 0; j < NI; ++j) higher = fmaxf(higher, fmaxf(scores[j][half * 2], scores[j][half * 2 + 1]));
                higher = quad_max(higher);  // of the row, as its sums of all columns shrink alike
                const float shrink = higher == -INFINITY ? 0.f : exp2f(p.top - higher);
                p.sum *= shrink;
                p.top = higher;
#pragma unroll
                for (int j = 0; j < DEPTH / 8; ++j) {
                    pulled[j][half * 2] *= shrink;
                    pulled[j][half * 2 + 1] *= shrink;
                }
            }
            const float base = p.top == -INFINITY ? 0.f : p.top;
#pragma unroll
            for (int j = 0; j < NI; ++j) {
#pragma unroll
                for (int e = half * 2; e < half * 2 + 2; ++e) {
                    p.above += scores[j][e] > positive[half];
                    p.sum += scores[j][e] = exp2f(scores[j][e] - base);
                }
            }
        }
#pragma unroll
        for (int s = 0; s < KEYS / 16; ++s) {
            uint32_t weights[4];
            as_left(weights, scores, s);
            multiply_columns<DEPTH>(pulled, weights, keys, s);
        }
    });
    const int64_t part = static_cast<int64_t>(blockIdx.y) * c.rows;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const Part p = of_row(mine[half]);
        const int row = first + lane.row(half);
        if (row >= n) continue;
        if (lane.t == 0) parts[part + row] = p;
#pragma unroll
        for (int j = 0; j < DEPTH / 8; ++j) {
            const int column = lane.column(j, 0);  // the width is a multiple of 8
            if (column >= c.width) continue;
            *reinterpret_cast<Pack<float, 2>*>(sums + (part + row) * c.width + column) = {{pulled[j][half * 2], pulled[j][half * 2 + 1]}};
        }
    }
}

__global__ void finish_one_pass(float* log_sums, int32_t* ranks, float* losses, float* pulled, float* negatives, const Part* parts,
                                const float* sums, const float* positives, const int32_t* count, int rows, int width, int splits) {
    const int n = counted(count, rows);
    for (int row = static_cast<int>(blockIdx.x); row < rows; row += static_cast<int>(gridDim.x)) {
        float top = positives[row] * LOG2_E, negative = 0.f;
        const float positive = top;
        int above = 0;
        for (int s = 0; s < splits && row < n; ++s) top = fmaxf(top, parts[static_cast<int64_t>(s) * rows + row].top);
        for (int s = 0; s < splits && row < n; ++s) {
            const Part p = parts[static_cast<int64_t>(s) * rows + row];
            if (p.top != -INFINITY) negative += p.sum * exp2f(p.top - top);
            above += p.above;
        }
        const float sum = negative + exp2f(positive - top);
        if (threadIdx.x == 0) {
            log_sums[row] = row < n ? (top + log2f(sum)) * LN_2 : 0.f;
            losses[row] = (top - positive + log2f(sum)) * LN_2;
            ranks[row] = row < n ? above : -1;
            negatives[row] = row < n ? negative / sum : 0.f;
        }
        for (int i = static_cast<int>(threadIdx.x); i < width; i += THREADS) {
            float total = 0.f;
            for (int s = 0; s < splits && row < n; ++s) {
                const int64_t at = static_cast<int64_t>(s) * rows + row;
                if (parts[at].top != -INFINITY) total += sums[at * width + i] * exp2f(parts[at].top - top);
            }
            pulled[static_cast<int64_t>(row) * width + i] = total / sum;
        }
    }
}

template <class T> __global__ void pull_v2(float* dq, float* dk, const float* dloss, const float* pulled, const float* negatives,
                                           Queue<T> c) {
    const int n = counted(c.count, c.rows);
    const float each = n == 0 ? 0.f : *dloss * c.inverse / static_cast<float>(n);
    const int64_t elements = static_cast<int64_t>(c.rows) * c.width, step = static_cast<int64_t>(gridDim.x) * THREADS;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x; i < elements; i += step) {
        const float negative = negatives[i / c.width];  // with pulled, 0 for rows that take no part
        dq[i] = i / c.width < n ? each * (pulled[i] - negative * to_float(c.k[i])) : 0.f;
        dk[i] = i / c.width < n ? -each * negative * to_float(c.q[i]) : 0.f;
    }
}

template <int DEPTH, bool UNIT> void launch_pass(kn_dptr parts, kn_dptr sums, kn_dptr positives, const Contrast& c, kn_handle stream) {
    const Split split = split_of(c.rows, c.capacity);
    const dim3 grid(static_cast<unsigned>(ceil_div(c.rows, ROWS)), static_cast<unsigned>(split.parts));
    LAUNCH((one_pass<DEPTH, UNIT>), grid, BLOCK, SHARED<DEPTH>, stream_of(stream), address<Part>(parts), address<float>(sums),
           address<const float>(positives), queue_of<bf16>(c), static_cast<int>(split.each), bound_of(c));
}
}  // namespace

bool has_one_pass(int64_t width, int64_t capacity, kn_dtype dtype) {
    return is_for_tensor_cores(width, capacity, dtype) && width <= WIDEST;
}

// losses, positives, parts, sums
int64_t one_pass_bytes(int64_t rows, int64_t width, int64_t capacity) {
    const int64_t parts = split_of(rows, capacity).parts * rows;
    return 2 * aligned(4 * rows) + aligned(parts * static_cast<int64_t>(sizeof(Part))) + 4 * parts * width;
}

void launch_one_pass(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr pulled, kn_dptr negatives, const Contrast& c, kn_dptr workspace,
                     kn_handle stream) {
    const int64_t splits = split_of(c.rows, c.capacity).parts;
    const kn_dptr positives = workspace + static_cast<kn_dptr>(aligned(4 * c.rows)), parts = positives + (positives - workspace);
    const kn_dptr sums = parts + static_cast<kn_dptr>(aligned(splits * c.rows * static_cast<int64_t>(sizeof(Part))));
    launch_positives(positives, c, stream);
    if (has_bound(c)) {
        launch_pass<WIDEST, true>(parts, sums, positives, c, stream);
    } else {
        launch_pass<WIDEST, false>(parts, sums, positives, c, stream);
    }
    LAUNCH(finish_one_pass, blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<float>(log_sums), address<int32_t>(ranks),
           address<float>(workspace), address<float>(pulled), address<float>(negatives), address<const Part>(parts),
           address<const float>(sums), address<const float>(positives), address<const int32_t>(c.count), static_cast<int>(c.rows),
           static_cast<int>(c.width), static_cast<int>(splits));
    launch_mean(loss, c.fault, workspace, c.rows, c.count, c.rows, stream);
}

void launch_pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Contrast& c, kn_handle stream) {
    KN_FLOATING(c.dtype, T, LAUNCH((pull_v2<T>), blocks_for(c.rows * c.width, THREADS), THREADS, 0, stream_of(stream), address<float>(dq),
                                   address<float>(dk), address<const float>(dloss), address<const float>(pulled),
                                   address<const float>(negatives), queue_of<T>(c)));
}
}  // namespace kn::infonce
