// Cross-entropy against labels. The loss is one pass over the logits, its gradient two, of which the second reads what the first left in a
// cache; softmax itself is never stored.
#include "softmax.h"

#include "../../runtime/fault.h"
#include "rows.h"

namespace kn::softmax {
namespace {
/// Labels, and how the target is made of one.
struct Target {
    Fault* fault;
    const int32_t* labels;
    int32_t ignored;
    float kept, spread;  // 1 - smoothing, smoothing / columns

    __device__ bool counts(int64_t row) const { return labels[row] != ignored; }
    __device__ bool valid(int64_t row, int columns) const { return labels[row] >= 0 && labels[row] < columns; }
};

/// Of each row its loss, and 0 of those ignored.
template <class T, int LANES, bool PACKED>
__global__ void __launch_bounds__(THREADS) cross_entropy_rows(float* losses, const T* x, Target t, int64_t rows, int columns) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const Team<LANES, PACKED> team{scratch};
    for (int64_t r = team.first_row(); r < rows; r += team.row_stride()) {
        const T* row = x + r * columns;
        float loss = 0.f;
        if (t.counts(r)) {
            const bool valid = t.valid(r, columns);
            if (!valid && team.lane() == 0) report(t.fault, t.labels[r]);
            const auto e = team.exponentials(row, columns);
            // x is seen from the maximum on, so that what is subtracted is small
            const float log = logf(e.sum);
            loss = t.kept * (log - (valid ? to_float(row[t.labels[r]]) - e.maximum : NAN));
            if (t.spread > 0.f) {
                float others = 0.f;
                team.each(row, columns, [&](int, float v) { others += log - (v - e.maximum); });
                loss += t.spread * team.sum(others);
            }
        }
        if (team.lane() == 0) losses[r] = loss;
    }
}

/// How many labels count, of one block.
__device__ inline float counted(const Target& t, int64_t rows, float* scratch) {
    float count = 0.f;  // exact up to 2^24 rows
    for (int64_t r = threadIdx.x; r < rows; r += THREADS) count += t.counts(r) ? 1.f : 0.f;
    return block_reduce<Sum, THREADS>(count, scratch);
}

__global__ void __launch_bounds__(THREADS) mean_of_rows(float* loss, const float* losses, Target t, int64_t rows) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    float sum = 0.f;
    for (int64_t r = threadIdx.x; r < rows; r += THREADS) sum += losses[r];
    sum = block_reduce<Sum, THREADS>(sum, scratch);
    const float count = counted(t, rows, scratch);
    if (threadIdx.x == 0) *loss = count == 0.f ? 0.f : sum / count;
}

__global__ void __launch_bounds__(THREADS) scale_of_rows(float* scale, const float* dloss, Target t, int64_t rows) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const float count = counted(t, rows, scratch);
    if (threadIdx.x == 0) *scale = count == 0.f ? 0.f : *dloss / count;
}

// 1: as many registers as it needs; for more blocks at once the compiler would keep some of them in memory
template <class T, int LANES, bool PACKED>
__global__ void __launch_bounds__(THREADS, 1)
    cross_entropy_gradient_rows(T* dx, const T* x, const float* scale, Target t, int64_t rows, int columns) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const Team<LANES, PACKED> team{scratch};
    for (int64_t r = team.first_row(); r < rows; r += team.row_stride()) {
        const T* row = x + r * columns;
        T* to = dx + r * columns;
        if (!t.counts(r)) {
            team.store(to, row, row, columns, [](int, float, float) { return 0.f; });
            continue;
        }
        const bool valid = t.valid(r, columns);
        if (!valid && team.lane() == 0) report(t.fault, t.labels[r]);
        const auto e = team.exponentials(row, columns);
        const float factor = *scale, share = 1.f / e.sum, label = valid ? t.kept : NAN;
        const int at = valid ? t.labels[r] : 0;
        team.store(to, row, row, columns, [&](int c, float v, float) {
            return factor * (expf(v - e.maximum) * share - t.spread - (c == at ? label : 0.f));
        });
    }
}

kn_status checked(const char* what, const Labels& l, int64_t rows, int64_t columns, kn_dtype dtype) {
    KN_REQUIRE(rows >= 0 && rows <= 1 << 24 && columns >= 0 && columns < 1LL << 31,
               "softmax.%s: rows = %lld (at most 2^24), columns = %lld", what,
               static_cast<long long>(rows), static_cast<long long>(columns));
    KN_REQUIRE(is_floating(dtype), "softmax.%s computes in f32 and bf16, not in %s", what, dtype_name(dtype));
    KN_REQUIRE(l.smoothing >= 0 && l.smoothing < 1, "softmax.%s: smoothing is in [0, 1), got %g", what, l.smoothing);
    return KN_OK;
}

Target target_of(const Labels& l, int64_t columns) {
    return {address<Fault>(l.fault), address<const int32_t>(l.labels), l.ignored, static_cast<float>(1 - l.smoothing),
            columns == 0 ? 0.f : static_cast<float>(l.smoothing / static_cast<double>(columns))};
}
}  // namespace

kn_status cross_entropy(int variant, kn_dptr loss, kn_dptr logits, const Labels& labels, int64_t rows, int64_t columns, kn_dtype dtype,
                        kn_dptr workspace, kn_handle stream) {
    if (const kn_status bad = checked("cross_entropy", labels, rows, columns, dtype)) return bad;
    variant = row_variant(variant, columns);
    const bool packs = logits % 16 == 0 && columns * size_of(dtype) % 16 == 0;
    const Target target = target_of(labels, columns);
    float* losses = address<float>(workspace);
    if (rows > 0) {
        KN_FLOATING(dtype, T, LAUNCH_ROWS(variant, packs, cross_entropy_rows, T, rows, stream_of(stream), losses, address<const T>(logits),
                                          target, rows, static_cast<int>(columns)));
    }
    LAUNCH(mean_of_rows, 1, THREADS, 0, stream_of(stream), address<float>(loss), losses, target, rows);
    return launched("softmax.cross_entropy v%d, rows = %lld, columns = %lld", variant, static_cast<long long>(rows),
                    static_cast<long long>(columns));
}

kn_status cross_entropy_gradient(int variant, kn_dptr dlogits, kn_dptr dloss, kn_dptr logits, const Labels& labels, int64_t rows,
                                 int64_t columns, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    if (const kn_status bad = checked("cross_entropy_gradient", labels, rows, columns, dtype)) return bad;
    if (rows * columns == 0) return KN_OK;
    variant = row_variant(variant, columns);
    const bool packs = (dlogits | logits) % 16 == 0 && columns * size_of(dtype) % 16 == 0;
    const Target target = target_of(labels, columns);
    float* scale = address<float>(workspace);
    LAUNCH(scale_of_rows, 1, THREADS, 0, stream_of(stream), scale, address<const float>(dloss), target, rows);
    KN_FLOATING(dtype, T, LAUNCH_ROWS(variant, packs, cross_entropy_gradient_rows, T, rows, stream_of(stream), address<T>(dlogits),
                                      address<const T>(logits), scale, target, rows, static_cast<int>(columns)));
    return launched("softmax.cross_entropy_gradient v%d, rows = %lld, columns = %lld", variant, static_cast<long long>(rows),
                    static_cast<long long>(columns));
}
}  // namespace kn::softmax

extern "C" {

kn_status kn_softmax_cross_entropy(kn_dptr loss, kn_dptr fault, kn_dptr logits, kn_dptr labels, int64_t rows, int64_t columns,
                                   int32_t ignored, double smoothing, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return kn::softmax::cross_entropy(0, loss, logits, {fault, labels, ignored, smoothing}, rows, columns, dtype, workspace, stream);
}

int64_t kn_softmax_cross_entropy_workspace(int64_t rows) { return 4 * rows; }

kn_status kn_softmax_cross_entropy_gradient(kn_dptr dlogits, kn_dptr fault, kn_dptr dloss, kn_dptr logits, kn_dptr labels, int64_t rows,
                                            int64_t columns, int32_t ignored, double smoothing, kn_dtype dtype, kn_dptr workspace,
                                            kn_handle stream) {
    return kn::softmax::cross_entropy_gradient(0, dlogits, dloss, logits, {fault, labels, ignored, smoothing}, rows, columns, dtype,
                                               workspace, stream);
}

int64_t kn_softmax_cross_entropy_gradient_workspace(int64_t) { return 4; }

}  // extern "C"
