// Steps of optimizers. Bound by memory: a step of Adam reads four tensors and writes three. What matters besides is the number of launches:
// a network has hundreds of tensors, most of them small, so one launch takes them all, from a table in memory of the device.
#include "optimizer.h"

#include "../../runtime/kernel.h"
#include "../../runtime/warp.h"

namespace kn::optimizer {
namespace {
constexpr int THREADS = 256;
constexpr int64_t PER_BLOCK = 4096;
constexpr int PACK = 4;
constexpr int64_t LIMIT = int64_t{1} << 31;
enum Column { PARAMETER, GRADIENT, RATE, FIRST, SECOND, STEP, FACTOR, ELEMENTS };

/// The addresses and the size of a tensor; a copy, as the compiler must think that what is written could be the table.
struct Row {
    int64_t at[KN_OPTIMIZER_COLUMNS];
    __device__ int64_t operator[](int column) const { return at[column]; }
};

/// Rows, then the block at which each begins and where the last ends, as kn_optimizer_blocks() made it.
struct Table {
    const int64_t* rows;
    int count;

    __device__ Row row(int tensor) const { return reinterpret_cast<const Row*>(rows)[tensor]; }
    __device__ int first(int tensor) const {
        return static_cast<int>(rows[static_cast<int64_t>(count) * KN_OPTIMIZER_COLUMNS + tensor]);
    }
    /// Which tensor the block works on. All threads look, one finds it; an empty tensor has no block.
    __device__ int of_block(int block) const {
        __shared__ int found;
        for (int t = static_cast<int>(threadIdx.x); t < count; t += THREADS) {
            if (first(t) <= block && block < first(t + 1)) found = t;
        }
        __syncthreads();  // it is found
        return found;
    }
};

__device__ inline float number_at(int64_t a) { return *reinterpret_cast<const float*>(a); }
/// What the tensor's gradient is multiplied by.
__device__ inline float factor_of(const Row& row) { return row[FACTOR] == 0 ? 1.f : number_at(row[FACTOR]); }
__device__ inline int64_t step_at(const Row& row) { return *reinterpret_cast<const int64_t*>(row[STEP]); }

/// What a rule derives once per block from its tensor's row.
struct Scalars {
    float rate, scale, other;
    bool first;
};

/// The part that SGD and LARS share; values: parameter and, with momentum, buffer.
struct Descent {
    float momentum, kept;  // kept = 1 - dampening
    bool nesterov;

    __device__ void descend(const Scalars& s, float g, float* values, bool buffered) const {
        float direction = g;
        if (buffered) {
            values[1] = s.first ? g : fmaf(momentum, values[1], kept * g);
            direction = nesterov ? fmaf(momentum, values[1], g) : values[1];
        }
        values[0] = fmaf(-s.rate, direction, values[0]);
    }
};

template <int STATES> struct Sgd {
    static constexpr int TENSORS = STATES;
    Descent descent;
    float weight_decay;

    __device__ Scalars scalars(const Row& row, int, int, float*) const {
        return {number_at(row[RATE]), 0.f, 0.f, STATES > 1 && step_at(row) == 1};
    }
    __device__ void step(const Scalars& s, float g, float* values) const {
        descent.descend(s, fmaf(weight_decay, values[0], g), values, STATES > 1);
    }
};

template <int STATES> struct Lars {
    static constexpr int TENSORS = STATES;
    Descent descent;
    float weight_decay, trust, epsilon;
    bool clip;
    const float* squares;  // of each block, the sums for parameter and gradient

    // each block adds its tensor's partial sums up again: they are few, and a launch in between would cost more
    __device__ Scalars scalars(const Row& row, int from, int to, float* scratch) const {
        float p = 0.f, g = 0.f;
        for (int b = from + static_cast<int>(threadIdx.x); b < to; b += THREADS) {
            p += squares[2 * b];
            g += squares[2 * b + 1];
        }
        p = sqrtf(block_reduce<Sum, THREADS>(p, scratch));
        g = sqrtf(block_reduce<Sum, THREADS>(g, scratch)) * fabsf(factor_of(row));
        const float rate = number_at(row[RATE]);
        float a = 1.f, decay = 0.f;
        if (p != 0.f && g != 0.f) {
            a = trust * p / (g + weight_decay * p + epsilon);
            if (clip) a = a > rate ? 1.f : a / rate;
            decay = weight_decay;
        }
        return {rate, a, decay, STATES > 1 && step_at(row) == 1};
    }
    __device__ void step(const Scalars& s, float g, float* values) const {
        descent.descend(s, s.scale * fmaf(s.other, values[0], g), values, STATES > 1);
    }
};

struct Adam {
    static constexpr int TENSORS = 3;
    double beta1, beta2;
    float keep1, add1, keep2, add2, epsilon, weight_decay;
    bool decoupled;

    // in double, by one thread: 1 - beta^step loses in float what matters at the first steps
    __device__ Scalars scalars(const Row& row, int, int, float* scratch) const {
        if (threadIdx.x == 0) {
            const double steps = static_cast<double>(step_at(row));
            scratch[0] = static_cast<float>(1. / (1. - pow(beta1, steps)));
            scratch[1] = static_cast<float>(1. / (1. - pow(beta2, steps)));
        }
        __syncthreads();  // the corrections are there
        return {number_at(row[RATE]), scratch[0], scratch[1], false};
    }
    __device__ void step(const Scalars& s, float g, float* values) const {
        float p = values[0];
        if (decoupled) {
            p = fmaf(-s.rate * weight_decay, p, p);
        } else {
            g = fmaf(weight_decay, p, g);
        }
        values[1] = fmaf(keep1, values[1], add1 * g);
        values[2] = fmaf(keep2, values[2], add2 * g * g);
        values[0] = p - s.rate * (values[1] * s.scale) / (sqrtf(values[2] * s.other) + epsilon);
    }
};

struct Average {
    static constexpr int TENSORS = 1;

    __device__ Scalars scalars(const Row& row, int, int, float*) const {
        const float decay = number_at(row[RATE]);
        return {decay, 1.f - decay, 0.f, false};
    }
    __device__ void step(const Scalars& s, float g, float* values) const { values[0] = fmaf(s.rate, values[0], s.scale * g); }
};

/// WIDTH elements of the parameter, the gradient and the rule's buffers.
template <class G, class R, int WIDTH>
__device__ void advance(const R& rule, const Scalars& s, float factor, const Row& row, int64_t at) {
    using Floats = Pack<float, WIDTH>;
    constexpr int COLUMNS[] = {PARAMETER, FIRST, SECOND};
    const Pack<G, WIDTH> g = *reinterpret_cast<const Pack<G, WIDTH>*>(reinterpret_cast<const G*>(row[GRADIENT]) + at);
    Floats state[R::TENSORS];
#pragma unroll
    for (int t = 0; t < R::TENSORS; ++t) {
        state[t] = *reinterpret_cast<const Floats*>(reinterpret_cast<const float*>(row[COLUMNS[t]]) + at);
    }
#pragma unroll
    for (int e = 0; e < WIDTH; ++e) {
        float values[R::TENSORS];
#pragma unroll
        for (int t = 0; t < R::TENSORS; ++t) values[t] = state[t].at[e];
        rule.step(s, to_float(g.at[e]) * factor, values);
#pragma unroll
        for (int t = 0; t < R::TENSORS; ++t) state[t].at[e] = values[t];
    }
#pragma unroll
    for (int t = 0; t < R::TENSORS; ++t) *reinterpret_cast<Floats*>(reinterpret_cast<float*>(row[COLUMNS[t]]) + at) = state[t];
}

template <class G, class R, int WIDTH>
__global__ void __launch_bounds__(THREADS) update(const Table tensors, const R rule) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const int block = static_cast<int>(blockIdx.x), which = tensors.of_block(block);
    const Scalars s = rule.scalars(tensors.row(which), tensors.first(which), tensors.first(which + 1), scratch);
    const Row row = tensors.row(which);  // again, so that it takes no registers before
    const float factor = factor_of(row);
    const int64_t from = (block - tensors.first(which)) * PER_BLOCK, rest = row[ELEMENTS] - from;
    const int64_t to = from + (rest < PER_BLOCK ? rest : PER_BLOCK);
    const int64_t packed = from + (to - from) / WIDTH * WIDTH;
    for (int64_t i = from + static_cast<int64_t>(threadIdx.x) * WIDTH; i < packed; i += THREADS * WIDTH) {
        advance<G, R, WIDTH>(rule, s, factor, row, i);
    }
    if (packed + threadIdx.x < to) advance<G, R, 1>(rule, s, factor, row, packed + threadIdx.x);
}

/// Of each block the sums of squares of its part of parameter and gradient.
template <class G> __global__ void __launch_bounds__(THREADS) squares_v1(float* squares, const Table tensors) {
    __shared__ float scratch[THREADS / WARP_SIZE];
    const int block = static_cast<int>(blockIdx.x), which = tensors.of_block(block);
    const Row row = tensors.row(which);
    const int64_t from = (block - tensors.first(which)) * PER_BLOCK, rest = row[ELEMENTS] - from;
    const int64_t to = from + (rest < PER_BLOCK ? rest : PER_BLOCK);
    float p = 0.f, g = 0.f;
    for (int64_t i = from + threadIdx.x; i < to; i += THREADS) {
        const float x = reinterpret_cast<const float*>(row[PARAMETER])[i], y = to_float(reinterpret_cast<const G*>(row[GRADIENT])[i]);
        p = fmaf(x, x, p);
        g = fmaf(y, y, g);
    }
    p = block_reduce<Sum, THREADS>(p, scratch);
    g = block_reduce<Sum, THREADS>(g, scratch);
    if (threadIdx.x == 0) {
        squares[2 * block] = p;
        squares[2 * block + 1] = g;
    }
}

__global__ void increment_v1(int64_t* counter, int64_t by) { *counter += by; }

Table table_of(const Tensors& t) { return {address<const int64_t>(t.table), static_cast<int>(t.count)}; }
unsigned grid_of(const Tensors& t) { return static_cast<unsigned>(t.blocks); }

kn_status checked(const char* what, const Tensors& t, kn_dtype gradients) {
    KN_REQUIRE(t.count >= 0 && t.count < LIMIT && t.blocks >= 0 && t.blocks < LIMIT, "optimizer.%s: %lld tensors in %lld blocks", what,
               static_cast<long long>(t.count), static_cast<long long>(t.blocks));
    KN_REQUIRE(is_floating(gradients), "optimizer.%s takes gradients in f32 and bf16, not in %s", what, dtype_name(gradients));
    return KN_OK;
}

int chosen(int variant) { return variant == 0 ? VARIANTS : variant; }

template <class R>
kn_status launch(const char* what, int variant, const Tensors& t, const R& rule, kn_dtype gradients, kn_handle stream) {
    if (t.blocks == 0) return KN_OK;
    if (chosen(variant) == 2) {
        KN_FLOATING(gradients, G, LAUNCH((update<G, R, PACK>), grid_of(t), THREADS, 0, stream_of(stream), table_of(t), rule));
    } else {
        KN_FLOATING(gradients, G, LAUNCH((update<G, R, 1>), grid_of(t), THREADS, 0, stream_of(stream), table_of(t), rule));
    }
    return launched("optimizer.%s v%d of %lld tensors", what, chosen(variant), static_cast<long long>(t.count));
}

template <int STATES>
kn_status launch_lars(int variant, const Tensors& t, Lars<STATES> rule, kn_dtype gradients, kn_dptr workspace, kn_handle stream) {
    if (t.blocks == 0) return KN_OK;
    float* const squares = address<float>(workspace);
    KN_FLOATING(gradients, G, LAUNCH((squares_v1<G>), grid_of(t), THREADS, 0, stream_of(stream), squares, table_of(t)));
    rule.squares = squares;
    return launch("lars", variant, t, rule, gradients, stream);
}

Descent descent(double momentum, double dampening, int32_t nesterov) {
    return {static_cast<float>(momentum), static_cast<float>(1 - dampening), nesterov != 0};
}
}  // namespace

kn_status sgd(int variant, const Tensors& tensors, double momentum, double dampening, int32_t nesterov, double weight_decay,
              kn_dtype gradients, kn_handle stream) {
    if (const kn_status bad = checked("sgd", tensors, gradients)) return bad;
    const Descent d = descent(momentum, dampening, nesterov);
    const float decay = static_cast<float>(weight_decay);
    return momentum == 0 ? launch("sgd", variant, tensors, Sgd<1>{d, decay}, gradients, stream)
                         : launch("sgd", variant, tensors, Sgd<2>{d, decay}, gradients, stream);
}

kn_status lars(int variant, const Tensors& tensors, double momentum, double dampening, int32_t nesterov, double weight_decay, double trust,
               double epsilon, int32_t clip, kn_dtype gradients, kn_dptr workspace, kn_handle stream) {
    if (const kn_status bad = checked("lars", tensors, gradients)) return bad;
    const Descent d = descent(momentum, dampening, nesterov);
    const float decay = static_cast<float>(weight_decay), t = static_cast<float>(trust), e = static_cast<float>(epsilon);
    return momentum == 0
        ? launch_lars(variant, tensors, Lars<1>{d, decay, t, e, clip != 0, nullptr}, gradients, workspace, stream)
        : launch_lars(variant, tensors, Lars<2>{d, decay, t, e, clip != 0, nullptr}, gradients, workspace, stream);
}

kn_status adam(int variant, const Tensors& tensors, double beta1, double beta2, double epsilon, double weight_decay,
               int32_t decoupled, kn_dtype gradients, kn_handle stream) {
    if (const kn_status bad = checked("adam", tensors, gradients)) return bad;
    const Adam rule{beta1, beta2, static_cast<float>(beta1), static_cast<float>(1 - beta1), static_cast<float>(beta2),
                    static_cast<float>(1 - beta2), static_cast<float>(epsilon), static_cast<float>(weight_decay), decoupled != 0};
    return launch("adam", variant, tensors, rule, gradients, stream);
}

kn_status average(int variant, const Tensors& tensors, kn_dtype gradients, kn_handle stream) {
    if (const kn_status bad = checked("average", tensors, gradients)) return bad;
    return launch("average", variant, tensors, Average{}, gradients, stream);
}
}  // namespace kn::optimizer

using namespace kn;

extern "C" {

int64_t kn_optimizer_blocks(int64_t* table, int64_t count) {
    int64_t* const first = table + count * KN_OPTIMIZER_COLUMNS;
    first[0] = 0;
    for (int64_t t = 0; t < count; ++t) {
        const int64_t* row = table + t * KN_OPTIMIZER_COLUMNS;
        const int64_t n = row[optimizer::ELEMENTS];
        // the kernels go over packs of elements
        const int64_t low = row[optimizer::PARAMETER] | row[optimizer::GRADIENT] | row[optimizer::FIRST] | row[optimizer::SECOND];
        if (n < 0 || low % 16 != 0) {
            refuse(KN_INVALID_ARGUMENT, "optimizer: tensor %lld has %lld elements, or an address that is no multiple of 16",
                   static_cast<long long>(t), static_cast<long long>(n));
            return -1;
        }
        first[t + 1] = first[t] + ceil_div(n, optimizer::PER_BLOCK);
    }
    if (first[count] >= optimizer::LIMIT) {
        refuse(KN_INVALID_ARGUMENT, "optimizer: %lld tensors take %lld blocks, and a launch has less than 2^31",
               static_cast<long long>(count), static_cast<long long>(first[count]));
        return -1;
    }
    return first[count];
}

kn_status kn_optimizer_sgd(kn_dptr table, int64_t count, int64_t blocks, double momentum, double dampening, int32_t nesterov,
                           double weight_decay, kn_dtype gradients, kn_handle stream) {
    return optimizer::sgd(0, {table, count, blocks}, momentum, dampening, nesterov, weight_decay, gradients, stream);
}

kn_status kn_optimizer_lars(kn_dptr table, int64_t count, int64_t blocks, double momentum, double dampening, int32_t nesterov,
                            double weight_decay, double trust, double epsilon, int32_t clip, kn_dtype gradients, kn_dptr workspace,
                            kn_handle stream) {
    return optimizer::lars(0, {table, count, blocks}, momentum, dampening, nesterov, weight_decay, trust, epsilon, clip, gradients,
                           workspace, stream);
}

int64_t kn_optimizer_lars_workspace(int64_t blocks) { return blocks * static_cast<int64_t>(2 * sizeof(float)); }

kn_status kn_optimizer_adam(kn_dptr table, int64_t count, int64_t blocks, double beta1, double beta2, double epsilon,
                            double weight_decay, int32_t decoupled, kn_dtype gradients, kn_handle stream) {
    return optimizer::adam(0, {table, count, blocks}, beta1, beta2, epsilon, weight_decay, decoupled, gradients, stream);
}

kn_status kn_optimizer_average(kn_dptr table, int64_t count, int64_t blocks, kn_dtype gradients, kn_handle stream) {
    return optimizer::average(0, {table, count, blocks}, gradients, stream);
}

kn_status kn_optimizer_increment(kn_dptr counter, int64_t n, int64_t by, kn_handle stream) {
    KN_REQUIRE(n >= 0, "optimizer.increment: n = %lld", static_cast<long long>(n));
    if (n == 0) return KN_OK;
    LAUNCH(optimizer::increment_v1, 1, 1, 0, stream_of(stream), address<int64_t>(counter) + n - 1, by);
    return launched("optimizer.increment");
}

}  // extern "C"
