// InfoNCE of bf16 against a queue on tensor cores, widths up to 256: the loss and its gradient each in one pass over the queue.
#include "tensor.h"
#include "variants.h"

namespace kn::infonce {
namespace {
Split loss_split(int64_t rows, int64_t capacity) { return {rows, capacity, 2 * 132}; }
Split gradient_split(int64_t rows, int64_t capacity) { return {rows, capacity, 132}; }

__global__ void positives_v2(float* positives, Queue<bf16> c) {
    const int lane = static_cast<int>(threadIdx.x) % WARP_SIZE;
    const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.x / WARP_SIZE;
    for (int64_t row = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) / WARP_SIZE; row < c.rows; row += step) {
        float sum = 0.f;
        for (int i = lane; i < c.width; i += WARP_SIZE) sum += to_float(c.q[row * c.width + i]) * to_float(c.k[row * c.width + i]);
        sum = warp_sum(sum);
        if (lane == 0) positives[row] = sum * c.inverse;
    }
}

/// shift: where UNIT, what no score exceeds, to the base 2, which then needs no running maximum.
template <int DEPTH, bool UNIT>
__global__ void __launch_bounds__(BLOCK) loss_v2(Part* parts, const float* positives, Queue<bf16> c, int each_part, float shift) {
    bf16* const q = reinterpret_cast<bf16*>(dynamic_shared());
    const Lane lane;
    const int first = static_cast<int>(blockIdx.x) * ROWS, n = counted(c.count, c.rows);
    if (first >= n) return;
    const bool active = first + lane.warp * 16 < n;
    Part mine[2];
    float positive[2];
    int owners[2];
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
                p.sum *= higher == -INFINITY ? 0.f : exp2f(p.top - higher);
                p.top = higher;
            }
            const float base = p.top == -INFINITY ? 0.f : p.top;
#pragma unroll
            for (int j = 0; j < NI; ++j) {
#pragma unroll
                for (int e = half * 2; e < half * 2 + 2; ++e) {
                    p.sum += exp2f(scores[j][e] - base);
                    p.above += scores[j][e] > positive[half];
                }
            }
        }
    });
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const Part p = of_row(mine[half]);
        const int row = first + lane.row(half);
        if (lane.t == 0 && row < n) parts[static_cast<int64_t>(blockIdx.y) * c.rows + row] = p;
    }
}

__global__ void finish_loss_v2(float* log_sums, int32_t* ranks, float* losses, const Part* parts, const float* positives,
                               const int32_t* count, int rows, int splits) {
    const int n = counted(count, rows);
    const int row = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (row >= rows) return;
    if (row >= n) {
        log_sums[row] = 0.f;
        ranks[row] = -1;
        return;
    }
    const float positive = positives[row] * LOG2_E;
    float top = positive, sum = 0.f;
    int above = 0;
    for (int s = 0; s < splits; ++s) top = fmaxf(top, parts[static_cast<int64_t>(s) * rows + row].top);
    for (int s = 0; s < splits; ++s) {
        const Part p = parts[static_cast<int64_t>(s) * rows + row];
        if (p.top != -INFINITY) sum += p.sum * exp2f(p.top - top);
        above += p.above;
    }
    sum += exp2f(positive - top);
    log_sums[row] = (top + log2f(sum)) * LN_2;
    losses[row] = (top - positive + log2f(sum)) * LN_2;
    ranks[row] = above;
}

// sums[part][rows][width]: probabilities times the queue; negatives[part][rows]: the sums of the probabilities
template <int DEPTH>
__global__ void __launch_bounds__(BLOCK) gradient_v2(float* sums, float* negatives, const float* log_sums, Queue<bf16> c, int each_part) {
    bf16* const q = reinterpret_cast<bf16*>(dynamic_shared());
    const Lane lane;
    const int first = static_cast<int>(blockIdx.x) * ROWS, n = counted(c.count, c.rows);
    if (first >= n) return;
    const bool active = first + lane.warp * 16 < n;
    float logs[2], total[2] = {0.f, 0.f}, pulled[DEPTH / 8][4];
    int owners[2];
    clear(pulled);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
        const int row = first + lane.row(half);
        logs[half] = row < n ? log_sums[row] * LOG2_E : INFINITY;  // no probability
        owners[half] = row < n ? c.owner(row) : -1;
    }
    for_tiles<DEPTH>(c, q, first, each_part, [&](int tile, bf16* keys) {
        if (!active) return;
        float scores[NI][4];
        score<DEPTH>(scores, c, q, keys, tile, owners);
#pragma unroll
        for (int j = 0; j < NI; ++j) {
#pragma unroll
            for (int e = 0; e < 4; ++e) total[e / 2] += scores[j][e] = exp2f(scores[j][e] - logs[e / 2]);
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
        const float negative = quad_sum(total[half]);
        const int row = first + lane.row(half);
        if (row >= n) continue;
        if (lane.t == 0) negatives[part + row] = negative;
#pragma unroll
        for (int j = 0; j < DEPTH / 8; ++j) {
            const int column = lane.column(j, 0);  // the width is a multiple of 8
            if (column >= c.width) continue;
            *reinterpret_cast<Pack<float, 2>*>(sums + (part + row) * c.width + column) = {{pulled[j][half * 2], pulled[j][half * 2 + 1]}};
        }
    }
}

__global__ void finish_gradient_v2(float* dq, float* dk, const float* dloss, const float* sums, const float* negatives, Queue<bf16> c,
                                   int splits) {
    const int n = counted(c.count, c.rows);
    const float each = n == 0 ? 0.f : *dloss * c.inverse / static_cast<float>(n);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        float negative = 0.f;
        for (int s = 0; s < splits && row < n; ++s) negative += negatives[static_cast<int64_t>(s) * c.rows + row];
        for (int i = static_cast<int>(threadIdx.x); i < c.width; i += THREADS) {
            const int64_t at = static_cast<int64_t>(row) * c.width + i;
            float sum = 0.f;
            for (int s = 0; s < splits && row < n; ++s) sum += sums[static_cast<int64_t>(s) * c.rows * c.width + at];
            dq[at] = row < n ? each * (sum - negative * to_float(c.k[at])) : 0.f;
            dk[at] = row < n ? -each * negative * to_float(c.q[at]) : 0.f;
        }
    }
}

template <int DEPTH, bool UNIT> void launch_loss(kn_dptr parts, kn_dptr positives, const Contrast& c, kn_handle stream) {
    const Split split = loss_split(c.rows, c.capacity);
    const dim3 grid(static_cast<unsigned>(ceil_div(c.rows, ROWS)), static_cast<unsigned>(split.parts));
    LAUNCH((loss_v2<DEPTH, UNIT>), grid, BLOCK, SHARED<DEPTH>, stream_of(stream), address<Part>(parts), address<const float>(positives),
           queue_of<bf16>(c), static_cast<int>(split.each), bound_of(c));
}

template <int DEPTH> void launch_gradient(kn_dptr sums, kn_dptr negatives, kn_dptr log_sums, const Contrast& c, kn_handle stream) {
    const Split split = gradient_split(c.rows, c.capacity);
    const dim3 grid(static_cast<unsigned>(ceil_div(c.rows, ROWS)), static_cast<unsigned>(split.parts));
    LAUNCH((gradient_v2<DEPTH>), grid, BLOCK, SHARED<DEPTH>, stream_of(stream), address<float>(sums), address<float>(negatives),
           address<const float>(log_sums), queue_of<bf16>(c), static_cast<int>(split.each));
}
}  // namespace

void launch_positives(kn_dptr positives, const Contrast& c, kn_handle stream) {
    LAUNCH(positives_v2, blocks_for(c.rows, THREADS / WARP_SIZE), THREADS, 0, stream_of(stream), address<float>(positives),
           queue_of<bf16>(c));
}

bool is_for_tensor_cores(int64_t width, int64_t capacity, kn_dtype dtype) {
    return dtype == KN_BF16 && width % 8 == 0 && width <= 256 && capacity > 0 && has_shared(width <= 128 ? SHARED<128> : SHARED<256>);
}

// losses, positives, parts
int64_t tensor_loss_bytes(int64_t rows, int64_t capacity) {
    return 2 * aligned(4 * rows) + loss_split(rows, capacity).parts * rows * static_cast<int64_t>(sizeof(Part));
}

// negatives, sums
int64_t tensor_gradient_bytes(int64_t rows, int64_t width, int64_t capacity) {
    const int64_t parts = gradient_split(rows, capacity).parts;
    return aligned(4 * parts * rows) + 4 * parts * rows * width;
}

void launch_loss_tensor(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, const Contrast& c, kn_dptr workspace, kn_handle stream) {
    const kn_dptr positives = workspace + static_cast<kn_dptr>(aligned(4 * c.rows)), parts = positives + (positives - workspace);
    launch_positives(positives, c, stream);
    const bool unit = has_bound(c);
    if (c.width <= 128) {
        unit ? launch_loss<128, true>(parts, positives, c, stream) : launch_loss<128, false>(parts, positives, c, stream);
    } else {
        unit ? launch_loss<256, true>(parts, positives, c, stream) : launch_loss<256, false>(parts, positives, c, stream);
    }
    LAUNCH(finish_loss_v2, blocks_for(c.rows, THREADS, LIMIT), THREADS, 0, stream_of(stream), address<float>(log_sums),
           address<int32_t>(ranks), address<float>(workspace), address<const Part>(parts), address<const float>(positives),
           address<const int32_t>(c.count), static_cast<int>(c.rows), static_cast<int>(loss_split(c.rows, c.capacity).parts));
    launch_mean(loss, c.fault, workspace, c.rows, c.count, c.rows, stream);
}

void launch_gradient_tensor(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_dptr workspace,
                            kn_handle stream) {
    const int64_t parts = gradient_split(c.rows, c.capacity).parts;
    const kn_dptr sums = workspace + static_cast<kn_dptr>(aligned(4 * parts * c.rows));
    if (c.width <= 128) {
        launch_gradient<128>(sums, workspace, log_sums, c, stream);
    } else {
        launch_gradient<256>(sums, workspace, log_sums, c, stream);
    }
    LAUNCH(finish_gradient_v2, blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<float>(dq), address<float>(dk),
           address<const float>(dloss), address<const float>(sums), address<const float>(workspace), queue_of<bf16>(c),
           static_cast<int>(parts));
}
}  // namespace kn::infonce
