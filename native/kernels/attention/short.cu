// Attention over at most 8 queries and keys: a warp for each head, everything in its registers, nothing padded to tiles. LANES lanes lie
// across a row, 16 bytes each, and 32 / LANES rows are worked on at once. What is read by several of these groups is one access of memory.
#include "rows.h"
#include "variants.h"

namespace kn::attention {
namespace {
constexpr int THREADS = 128, WARPS = THREADS / WARP_SIZE;

/// 16 bytes of a row in four registers, in which pairs of bf16 stay together until they are used.
template <class T> struct Piece {
    Pack<uint32_t, 4> words = {};

    __device__ Piece(const T* from, bool there) {
        if (there) words = *reinterpret_cast<const Pack<uint32_t, 4>*>(from);
    }
    Piece() = default;
    __device__ float operator[](int e) const {
        if (sizeof(T) == 4) return __uint_as_float(words.at[e % 4]);
        return e % 2 == 0 ? low_half(words.at[e / 2]) : high_half(words.at[e / 2]);
    }
};

/// The product of two rows, of which each lane has a part; every lane of the group gets it.
template <class T, int LANES> __device__ float dot(const Piece<T>& a, const Piece<T>& b) {
    float sum = 0.f;
#pragma unroll
    for (int e = 0; e < WIDE<T>; ++e) sum += a[e] * b[e];
#pragma unroll
    for (int o = LANES / 2; o > 0; o >>= 1) sum += __shfl_xor_sync(ALL_LANES, sum, o);
    return sum;
}

template <class T> __device__ void add(float (&sums)[WIDE<T>], float weight, const Piece<T>& row) {
#pragma unroll
    for (int e = 0; e < WIDE<T>; ++e) sums[e] += weight * row[e];
}

template <class T> __device__ void store(T* to, const float (&sums)[WIDE<T>], float scale) {
    using Wide = Pack<T, WIDE<T>>;
    Wide out;
#pragma unroll
    for (int e = 0; e < WIDE<T>; ++e) out.at[e] = from_float<T>(sums[e] * scale);
    *reinterpret_cast<Wide*>(to) = out;
}

/// A head, and this lane's place in it.
template <class T, int LANES> struct Place {
    static constexpr int GROUPS = WARP_SIZE / LANES;
    int64_t head, b;
    int h, group, part, column;
    bool inside;
    uint32_t hidden;  // keys that the mask hides, a bit each

    __device__ Place(const Rows<T>& r, int64_t head_)
        : head(head_), b(head_ / r.heads), h(static_cast<int>(head_ % r.heads)), group(static_cast<int>(threadIdx.x) % WARP_SIZE / LANES),
          part(static_cast<int>(threadIdx.x) % LANES), column(part * WIDE<T>), inside(column < r.depth), hidden(0) {
        const int lane = static_cast<int>(threadIdx.x) % WARP_SIZE;
        if (r.mask != nullptr) hidden = __ballot_sync(ALL_LANES, lane < r.keys && r.mask[b * r.keys + lane] != 0);
    }

    __device__ void load_rows(Piece<T> (&to)[SHORT], const T* from, int64_t first, int count, int64_t width) const {
#pragma unroll
        for (int j = 0; j < SHORT; ++j) to[j] = Piece<T>(from + first + j * width + column, inside && j < count);
    }

    /// Query i's products with all keys to probabilities; the logarithm of the sum of exponentials, 0 where nothing is seen.
    __device__ float soften(const Rows<T>& r, int i, const Piece<T>& query, const Piece<T> (&keys)[SHORT], float (&p)[SHORT]) const {
        const int visible = i < r.queries ? r.visible(i) : 0;
        float top = -INFINITY, sum = 0.f;
#pragma unroll
        for (int j = 0; j < SHORT; ++j) {
            p[j] = -INFINITY;
            if (j < r.keys) {
                const float product = dot<T, LANES>(query, keys[j]);
                if (j < visible && !(hidden >> j & 1)) p[j] = product * r.scale;
                top = fmaxf(top, p[j]);
            }
        }
#pragma unroll
        for (int j = 0; j < SHORT; ++j) sum += p[j] = exp_below(p[j], top);
        const float inverse = sum == 0.f ? 0.f : 1.f / sum;  // NaN stays NaN
#pragma unroll
        for (int j = 0; j < SHORT; ++j) p[j] *= inverse;
        return sum == 0.f ? 0.f : top + logf(sum);
    }

    /// What dropout multiplies query i's probability of key j in lane j of the group with.
    __device__ float factor(const Rows<T>& r, int i) const {
        return part < r.keys && i < r.queries ? r.factor(head * r.queries + i, part) : 0.f;
    }
    __device__ float factor_of(float mine, int j) const { return __shfl_sync(ALL_LANES, mine, group * LANES + j); }
};

template <class T, int LANES> __global__ void __launch_bounds__(THREADS, 4) forward_v2(T* y, float* log_sums, Rows<T> r, int64_t count) {
    const int64_t step = static_cast<int64_t>(gridDim.x) * WARPS;
    for (int64_t head = static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / WARP_SIZE; head < count; head += step) {
        const Place<T, LANES> place(r, head);
        Piece<T> keys[SHORT], values[SHORT];
        const int64_t first = r.key_at(place.b, place.h, 0);
        place.load_rows(keys, r.k, first, r.keys, r.width());
        place.load_rows(values, r.v, first, r.keys, r.width());
        for (int i = place.group; i - place.group < r.queries; i += place.GROUPS) {
            const bool active = i < r.queries && place.inside;
            const int64_t at = r.query_at(place.b, place.h, i) + place.column;
            float p[SHORT], sums[WIDE<T>] = {};
            const float log_sum = place.soften(r, i, Piece<T>(r.q + at, active), keys, p);
            const float mine = r.random == nullptr ? 1.f : place.factor(r, i);
#pragma unroll
            for (int j = 0; j < SHORT; ++j) {
                if (j < r.keys) add<T>(sums, r.random == nullptr ? p[j] : p[j] * place.factor_of(mine, j), values[j]);
            }
            if (active) store(y + at, sums, 1.f);
            if (i < r.queries && place.part == 0) log_sums[head * r.queries + i] = log_sum;
        }
    }
}

/// What dy of a query and what the query itself are weighed with in dv and dk of a key.
struct Weights {
    float value, key;
};

// First by rows of queries: probabilities and their gradients, dq, and the weights, which go to shared memory; then by rows of keys.
template <class T, int LANES>
__global__ void __launch_bounds__(THREADS, 3) gradient_v2(T* dq, T* dk, T* dv, const T* dy, Rows<T> r, int64_t count) {
    __shared__ Weights shared[WARPS][SHORT][SHORT];
    Weights(&weights)[SHORT][SHORT] = shared[threadIdx.x / WARP_SIZE];
    const int64_t step = static_cast<int64_t>(gridDim.x) * WARPS;
    for (int64_t head = static_cast<int64_t>(blockIdx.x) * WARPS + threadIdx.x / WARP_SIZE; head < count; head += step) {
        const Place<T, LANES> place(r, head);
        const int64_t first_key = r.key_at(place.b, place.h, 0), first_query = r.query_at(place.b, place.h, 0);
        Piece<T> one[SHORT], other[SHORT];  // keys and values, then queries and dy
        place.load_rows(one, r.k, first_key, r.keys, r.width());
        place.load_rows(other, r.v, first_key, r.keys, r.width());
        for (int i = place.group; i - place.group < r.queries; i += place.GROUPS) {
            const bool active = i < r.queries && place.inside;
            const int64_t at = r.query_at(place.b, place.h, i) + place.column;
            float p[SHORT], pulls[SHORT], along = 0.f, sums[WIDE<T>] = {};
            place.soften(r, i, Piece<T>(r.q + at, active), one, p);
            const Piece<T> up(dy + at, active);
            const float mine = r.random == nullptr ? 1.f : place.factor(r, i);
#pragma unroll
            for (int j = 0; j < SHORT; ++j) {
                if (j < r.keys) {
                    const float m = r.random == nullptr ? 1.f : place.factor_of(mine, j);
                    pulls[j] = m * dot<T, LANES>(up, other[j]);
                    along += p[j] * pulls[j];
                    if (place.part == j && i < r.queries) weights[i][j].value = p[j] * m;
                }
            }
#pragma unroll
            for (int j = 0; j < SHORT; ++j) {
                if (j < r.keys) {
                    const float score = p[j] * (pulls[j] - along) * r.scale;
                    if (place.part == j && i < r.queries) weights[i][j].key = score;
                    add<T>(sums, score, one[j]);
                }
            }
            if (active) store(dq + at, sums, 1.f);
        }
        __syncwarp();  // the weights are there
        place.load_rows(one, r.q, first_query, r.queries, r.width());
        place.load_rows(other, dy, first_query, r.queries, r.width());
        for (int j = place.group; j < r.keys; j += place.GROUPS) {
            float keys[WIDE<T>] = {}, values[WIDE<T>] = {};
#pragma unroll
            for (int i = 0; i < SHORT; ++i) {
                if (i < r.queries) {
                    const Weights w = weights[i][j];
                    add<T>(keys, w.key, one[i]);
                    add<T>(values, w.value, other[i]);
                }
            }
            if (!place.inside) continue;
            const int64_t at = r.key_at(place.b, place.h, j) + place.column;
            store(dk + at, keys, 1.f);
            store(dv + at, values, 1.f);
        }
        __syncwarp();  // they have been read
    }
}

constexpr int64_t MOST_BLOCKS = int64_t{1} << 20;  // small ones, which come and go

template <class T> bool takes_few_lanes(const Operands& o) { return o.depth <= 8 * WIDE<T>; }
}  // namespace

bool is_short(const Operands& o) {
    const int64_t wide = o.dtype == KN_BF16 ? WIDE<bf16> : WIDE<float>;
    return o.queries <= SHORT && o.keys <= SHORT && o.depth % wide == 0 && o.depth <= 16 * wide;
}

void launch_forward_short(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream) {
    const int64_t heads = o.batch * o.heads;
    KN_FLOATING(o.dtype, T, {
        if (takes_few_lanes<T>(o)) {
            LAUNCH((forward_v2<T, 8>), blocks_for(heads, WARPS, MOST_BLOCKS), THREADS, 0, stream_of(stream), address<T>(y),
                   address<float>(log_sums), rows_of<T>(o), heads);
        } else {
            LAUNCH((forward_v2<T, 16>), blocks_for(heads, WARPS, MOST_BLOCKS), THREADS, 0, stream_of(stream), address<T>(y),
                   address<float>(log_sums), rows_of<T>(o), heads);
        }
    });
}

void launch_gradient_short(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, const Operands& o, kn_handle stream) {
    const int64_t heads = o.batch * o.heads;
    KN_FLOATING(o.dtype, T, {
        if (takes_few_lanes<T>(o)) {
            LAUNCH((gradient_v2<T, 8>), blocks_for(heads, WARPS, MOST_BLOCKS), THREADS, 0, stream_of(stream), address<T>(dq),
                   address<T>(dk), address<T>(dv), address<const T>(dy), rows_of<T>(o), heads);
        } else {
            LAUNCH((gradient_v2<T, 16>), blocks_for(heads, WARPS, MOST_BLOCKS), THREADS, 0, stream_of(stream), address<T>(dq),
                   address<T>(dk), address<T>(dv), address<const T>(dy), rows_of<T>(o), heads);
        }
    });
}
}  // namespace kn::attention
