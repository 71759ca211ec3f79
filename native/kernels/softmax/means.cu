// Losses that are means over elements: each block a partial sum, then one block their sum.
#include "softmax.h"

#include "../../runtime/warp.h"

namespace kn::softmax {
namespace {
constexpr int MEAN_THREADS = 256;
constexpr int64_t PER_BLOCK = 4096;

struct Binary {
    /// -t log(s) - (1 - t) log(1 - s) with s = sigmoid(x), in a form that does not overflow.
    __device__ float operator()(float x, float t) const { return (x > 0.f ? x : 0.f) - t * x + log1pf(expf(-fabsf(x))); }
};
struct SquaredDifference {
    __device__ float operator()(float a, float b) const { return (a - b) * (a - b); }
};

template <class T, int WIDTH, class F>
__global__ void __launch_bounds__(MEAN_THREADS) partial_sums(float* partial, const T* a, const T* b, int64_t n, F f) {
    __shared__ float scratch[MEAN_THREADS / WARP_SIZE];
    using Wide = Pack<T, WIDTH>;
    const int64_t from = static_cast<int64_t>(blockIdx.x) * PER_BLOCK, to = from + PER_BLOCK < n ? from + PER_BLOCK : n;
    const int64_t packed = from + (to - from) / WIDTH * WIDTH;
    float sum = 0.f;
    for (int64_t i = from + static_cast<int64_t>(threadIdx.x) * WIDTH; i < packed; i += MEAN_THREADS * WIDTH) {
        const Wide left = *reinterpret_cast<const Wide*>(a + i), right = *reinterpret_cast<const Wide*>(b + i);
#pragma unroll
        for (int e = 0; e < WIDTH; ++e) sum += f(to_float(left.at[e]), to_float(right.at[e]));
    }
    if (packed + threadIdx.x < to) sum += f(to_float(a[packed + threadIdx.x]), to_float(b[packed + threadIdx.x]));
    sum = block_reduce<Sum, MEAN_THREADS>(sum, scratch);
    if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(MEAN_THREADS) mean_of_partial(float* y, const float* partial, int64_t count, float share) {
    __shared__ float scratch[MEAN_THREADS / WARP_SIZE];
    float sum = 0.f;
    for (int64_t i = threadIdx.x; i < count; i += MEAN_THREADS) sum += partial[i];
    sum = block_reduce<Sum, MEAN_THREADS>(sum, scratch);
    if (threadIdx.x == 0) *y = sum * share;
}

template <class T, int WIDTH>
__global__ void __launch_bounds__(MEAN_THREADS) binary_gradient_packs(T* dx, const float* dloss, const T* x, const T* t, int64_t n) {
    const float scale = *dloss / static_cast<float>(n);
    const auto slope = [&](float v, float target) { return scale * (1.f / (1.f + expf(-v)) - target); };
    using Wide = Pack<T, WIDTH>;
    const int64_t packs = n / WIDTH;
    for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < packs + n % WIDTH;
         i += static_cast<int64_t>(gridDim.x) * blockDim.x) {
        if (i >= packs) {
            const int64_t at = packs * WIDTH + (i - packs);
            dx[at] = from_float<T>(slope(to_float(x[at]), to_float(t[at])));
            continue;
        }
        Wide left = reinterpret_cast<const Wide*>(x)[i];
        const Wide right = reinterpret_cast<const Wide*>(t)[i];
#pragma unroll
        for (int e = 0; e < WIDTH; ++e) left.at[e] = from_float<T>(slope(to_float(left.at[e]), to_float(right.at[e])));
        reinterpret_cast<Wide*>(dx)[i] = left;
    }
}

template <class T, class F> void launch_partial(int variant, float* partial, kn_dptr a, kn_dptr b, int64_t n, F f, cudaStream_t stream) {
    const unsigned blocks = static_cast<unsigned>(ceil_div(n, PER_BLOCK));
    if (variant == 2) {
        LAUNCH((partial_sums<T, WIDE<T>, F>), blocks, MEAN_THREADS, 0, stream, partial, address<const T>(a), address<const T>(b), n, f);
    } else {
        LAUNCH((partial_sums<T, 1, F>), blocks, MEAN_THREADS, 0, stream, partial, address<const T>(a), address<const T>(b), n, f);
    }
}
}  // namespace

kn_status mean(int variant, kn_dptr loss, kn_dptr a, kn_dptr b, int64_t n, int what, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    KN_REQUIRE(n >= 0, "softmax.mean: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(dtype), "softmax.mean computes in f32 and bf16, not in %s", dtype_name(dtype));
    if (n == 0) return KN_OK;
    if (variant == 0) variant = (a | b) % 16 == 0 ? 2 : 1;
    float* partial = address<float>(workspace);
    const cudaStream_t on = stream_of(stream);
    if (what == MEAN_BINARY) {
        KN_FLOATING(dtype, T, launch_partial<T>(variant, partial, a, b, n, Binary{}, on));
    } else {
        KN_FLOATING(dtype, T, launch_partial<T>(variant, partial, a, b, n, SquaredDifference{}, on));
    }
    LAUNCH(mean_of_partial, 1, MEAN_THREADS, 0, on, address<float>(loss), partial, ceil_div(n, PER_BLOCK),
           static_cast<float>(1. / static_cast<double>(n)));
    return launched("softmax.mean v%d, n = %lld", variant, static_cast<long long>(n));
}

kn_status binary_gradient(int variant, kn_dptr dlogits, kn_dptr dloss, kn_dptr logits, kn_dptr targets, int64_t n, kn_dtype dtype,
                          kn_handle stream) {
    KN_REQUIRE(n >= 0, "softmax.binary_gradient: n = %lld", static_cast<long long>(n));
    KN_REQUIRE(is_floating(dtype), "softmax.binary_gradient computes in f32 and bf16, not in %s", dtype_name(dtype));
    if (n == 0) return KN_OK;
    if (variant == 0) variant = (dlogits | logits | targets) % 16 == 0 ? 2 : 1;
    const cudaStream_t on = stream_of(stream);
    KN_FLOATING(dtype, T, {
        if (variant == 2) {
            LAUNCH((binary_gradient_packs<T, WIDE<T>>), blocks_for(ceil_div(n, WIDE<T>), MEAN_THREADS), MEAN_THREADS, 0, on,
                   address<T>(dlogits), address<const float>(dloss), address<const T>(logits), address<const T>(targets), n);
        } else {
            LAUNCH((binary_gradient_packs<T, 1>), blocks_for(n, MEAN_THREADS), MEAN_THREADS, 0, on, address<T>(dlogits),
                   address<const float>(dloss), address<const T>(logits), address<const T>(targets), n);
        }
    });
    return launched("softmax.binary_gradient v%d, n = %lld", variant, static_cast<long long>(n));
}
}  // namespace kn::softmax

extern "C" {

kn_status kn_softmax_binary_cross_entropy(kn_dptr loss, kn_dptr logits, kn_dptr targets, int64_t n, kn_dtype dtype, kn_dptr workspace,
                                          kn_handle stream) {
    return kn::softmax::mean(0, loss, logits, targets, n, kn::softmax::MEAN_BINARY, dtype, workspace, stream);
}

kn_status kn_softmax_binary_cross_entropy_gradient(kn_dptr dlogits, kn_dptr dloss, kn_dptr logits, kn_dptr targets, int64_t n,
                                                   kn_dtype dtype, kn_handle stream) {
    return kn::softmax::binary_gradient(0, dlogits, dloss, logits, targets, n, dtype, stream);
}

kn_status kn_softmax_squared_error(kn_dptr loss, kn_dptr a, kn_dptr b, int64_t n, kn_dtype dtype, kn_dptr workspace, kn_handle stream) {
    return kn::softmax::mean(0, loss, a, b, n, kn::softmax::MEAN_SQUARES, dtype, workspace, stream);
}

int64_t kn_softmax_mean_workspace(int64_t n) { return 4 * kn::ceil_div(n, kn::softmax::PER_BLOCK); }

}  // extern "C"
