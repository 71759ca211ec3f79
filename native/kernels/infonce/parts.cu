// What goes before and after the passes over a queue. A row is done by a warp where nothing but its width is gone over, else by a block.
#include "parts.h"

#include "../../runtime/access.h"
#include "normal.h"
#include "variants.h"

namespace kn::infonce {
namespace {
/// The element as products take it, which is written where it is one of a row that is normalised.
template <class T> __device__ float element(const Normal& n, T* rows, int64_t at, float scale) {
    if (n.x == nullptr) return to_float(rows[at]);
    const float unit = n.x[at] * scale;
    const T rounded = from_float<T>(unit);
    n.unit[at] = unit;
    rows[at] = rounded;
    return to_float(rounded);
}

template <class T>
__global__ void pairs_v2(float* positives, T* q, T* k, Normal of_q, Normal of_k, int rows, int width, float inverse) {
    const int lane = static_cast<int>(threadIdx.x) % WARP_SIZE;
    const int64_t step = grid_stride() / WARP_SIZE;
    for (int64_t row = first_item() / WARP_SIZE; row < rows; row += step) {
        const float q_scale = of_q.x == nullptr ? 1.f : of_q.scale(row, width, lane);
        const float k_scale = of_k.x == nullptr ? 1.f : of_k.scale(row, width, lane);
        float sum = 0.f;
        for (int i = lane; i < width; i += WARP_SIZE) {
            sum += element(of_q, q, row * width + i, q_scale) * element(of_k, k, row * width + i, k_scale);
        }
        sum = warp_sum(sum);
        if (lane == 0 && positives != nullptr) positives[row] = sum * inverse;
    }
}

// pulled and negatives are null where the loss alone is asked for
__global__ void finish_v2(float* log_sums, int32_t* ranks, float* losses, float* pulled, float* negatives, const Part* parts,
                          const float* sums, const float* positives, const int32_t* count, int rows, int width, int splits) {
    const int n = counted(count, rows);
    for (int row = static_cast<int>(blockIdx.x); row < rows; row += static_cast<int>(gridDim.x)) {
        const int own = row < n ? splits : 0;
        const float positive = positives[row] * LOG2_E;
        float top = positive, negative = 0.f;
        int above = 0;
        for (int s = 0; s < own; ++s) {
            // a bound may be far above the scores, of which exponentials and the positive's are then to be seen from
            const Part p = parts[static_cast<int64_t>(s) * rows + row];
            if (p.sum > 0.f) top = fmaxf(top, p.top + floorf(log2f(p.sum)));
        }
        for (int s = 0; s < own; ++s) {
            const Part p = parts[static_cast<int64_t>(s) * rows + row];
            // nothing where a part has no keys, whose top is minus infinity; NaN where its keys are, whose top is that, too
            negative += p.sum * exp2f(p.top - top);
            above += p.above;
        }
        const float sum = negative + exp2f(positive - top);
        if (threadIdx.x == 0) {
            log_sums[row] = row < n ? (top + log2f(sum)) * LN_2 : 0.f;
            losses[row] = (top - positive + log2f(sum)) * LN_2;
            ranks[row] = row < n ? above : -1;
        }
        if (pulled == nullptr) continue;
        if (threadIdx.x == 0) negatives[row] = row < n ? negative / sum : 0.f;
        for (int i = static_cast<int>(threadIdx.x); i < width; i += THREADS) {
            float total = 0.f;
            for (int s = 0; s < own; ++s) {
                const int64_t at = static_cast<int64_t>(s) * rows + row;
                total += sums[at * width + i] * exp2f(parts[at].top - top);
            }
            pulled[static_cast<int64_t>(row) * width + i] = total / sum;
        }
    }
}

// As in gradient_v1, from what it sums up; through the normalisation of q, where norms are given.
template <class T>
__global__ void pull_v2(float* dq, float* dk, const float* dloss, const float* pulled, const float* negatives, Queue<T> c, Normal of_q) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const int n = counted(c.count, c.rows);
    const float each = n == 0 ? 0.f : *dloss * c.inverse / static_cast<float>(n);
    for (int row = static_cast<int>(blockIdx.x); row < c.rows; row += static_cast<int>(gridDim.x)) {
        const int64_t first = static_cast<int64_t>(row) * c.width;
        const bool counts = row < n;
        const float negative = counts ? negatives[row] : 0.f;
        of_q.back(dq + first, row, c.width, scratch,
                  [&](int i) { return counts ? each * (pulled[first + i] - negative * to_float(c.k[first + i])) : 0.f; });
        for (int i = static_cast<int>(threadIdx.x); i < c.width; i += THREADS) {
            dk[first + i] = counts ? -each * negative * to_float(c.q[first + i]) : 0.f;
        }
    }
}
}  // namespace

void launch_pairs(kn_dptr positives, const Raw& of_q, const Raw& of_k, const Contrast& c, kn_handle stream) {
    KN_FLOATING(c.dtype, T, LAUNCH((pairs_v2<T>), blocks_for(c.rows, THREADS / WARP_SIZE), THREADS, 0, stream_of(stream),
                                   address<float>(positives), address<T>(c.q), address<T>(c.k), Normal(of_q), Normal(of_k),
                                   static_cast<int>(c.rows), static_cast<int>(c.width), static_cast<float>(1 / c.temperature)));
}

void launch_positives(kn_dptr positives, const Contrast& c, kn_handle stream) { launch_pairs(positives, {}, {}, c, stream); }

void launch_finish(const Outcome& o, const Workspace& w, kn_dptr sums, const Contrast& c, int64_t splits, kn_handle stream) {
    LAUNCH(finish_v2, blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<float>(o.log_sums), address<int32_t>(o.ranks),
           address<float>(w.losses), address<float>(o.pulled), address<float>(o.negatives), address<const Part>(w.parts),
           address<const float>(sums), address<const float>(w.positives), address<const int32_t>(c.count),
           static_cast<int>(c.rows), static_cast<int>(c.width), static_cast<int>(splits));
    launch_mean(o.loss, c.fault, w.losses, c.rows, c.count, c.rows, stream);
}

void launch_pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Raw& of_q, const Contrast& c,
                 kn_handle stream) {
    KN_FLOATING(c.dtype, T, LAUNCH((pull_v2<T>), blocks_for(c.rows, 1), THREADS, 0, stream_of(stream), address<float>(dq),
                                   address<float>(dk), address<const float>(dloss), address<const float>(pulled),
                                   address<const float>(negatives), queue_of<T>(c), Normal(of_q)));
}
}  // namespace kn::infonce
