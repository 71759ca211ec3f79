// The kernels of pooling: a thread takes W channels of a pixel. I counts packs of channels: 32 bits where they suffice, as quotients of 64
// cost more than the rest.
#pragma once
#include "../../runtime/access.h"
#include "pool3d.h"

namespace kn::pool3d {
/// Sizes as the kernels take them.
template <class I> struct Geometry {
    I t, h, w, c, kt, kh, kw, st, sh, sw, pt, ph, pw, out_t, out_h, out_w;

    explicit Geometry(const Sizes& s)
        : t(static_cast<I>(s.t)), h(static_cast<I>(s.h)), w(static_cast<I>(s.w)), c(static_cast<I>(s.c)), kt(static_cast<I>(s.kt)),
          kh(static_cast<I>(s.kh)), kw(static_cast<I>(s.kw)), st(static_cast<I>(s.st)), sh(static_cast<I>(s.sh)), sw(static_cast<I>(s.sw)),
          pt(static_cast<I>(s.pt)), ph(static_cast<I>(s.ph)), pw(static_cast<I>(s.pw)), out_t(static_cast<I>(s.out_t())),
          out_h(static_cast<I>(s.out_h())), out_w(static_cast<I>(s.out_w())) {}
};

/// A pixel and the first of its channels that a thread takes.
template <class I> struct Place {
    I n, t, h, w, channel;
};

template <int W, class I> __device__ inline Place<I> place(I item, I t, I h, I w, I c) {
    const I packs = c / W, pixel = item / packs, row = pixel / w, frame = row / h;
    return {frame / t, frame % t, row % h, pixel % w, item % packs * W};
}

/// Whole numbers from first to last.
template <class I> struct Range {
    I first, last;
};

/// The taps of a window that lie inside the input, for the output position o.
template <class I> __device__ inline Range<I> taps(I o, I extent, I kernel, I stride, I padding) {
    const I start = o * stride - padding;
    return {start < 0 ? -start : 0, extent - start < kernel ? extent - start - 1 : kernel - 1};
}

/// The output positions whose windows cover the input position i.
template <class I> __device__ inline Range<I> windows(I i, I out, I kernel, I stride, I padding) {
    const I last = (i + padding) / stride;
    return {i + padding < kernel ? 0 : (i + padding - kernel) / stride + 1, last < out ? last : out - 1};
}

/// Calls f(tap, offset of the input) for the taps of a window in rising order.
template <class I, class F> __device__ inline void each_tap(const Geometry<I>& g, const Place<I>& p, F&& f) {
    const Range<I> ts = taps(p.t, g.t, g.kt, g.st, g.pt), hs = taps(p.h, g.h, g.kh, g.sh, g.ph), ws = taps(p.w, g.w, g.kw, g.sw, g.pw);
    for (I kt = ts.first; kt <= ts.last; ++kt) {
        for (I kh = hs.first; kh <= hs.last; ++kh) {
            const I t = p.t * g.st - g.pt + kt, h = p.h * g.sh - g.ph + kh;
            for (I kw = ws.first; kw <= ws.last; ++kw) {
                const int64_t pixel = ((static_cast<int64_t>(p.n) * g.t + t) * g.h + h) * g.w + (p.w * g.sw - g.pw + kw);
                f(static_cast<int32_t>((kt * g.kh + kh) * g.kw + kw), pixel * g.c + p.channel);
            }
        }
    }
}

/// Calls f(tap, offset of the output) for the windows that cover an input pixel, in rising order of the windows.
template <class I, class F> __device__ inline void each_window(const Geometry<I>& g, const Place<I>& p, F&& f) {
    const Range<I> ts = windows(p.t, g.out_t, g.kt, g.st, g.pt), hs = windows(p.h, g.out_h, g.kh, g.sh, g.ph),
                   ws = windows(p.w, g.out_w, g.kw, g.sw, g.pw);
    for (I t = ts.first; t <= ts.last; ++t) {
        for (I h = hs.first; h <= hs.last; ++h) {
            for (I w = ws.first; w <= ws.last; ++w) {
                const I kt = p.t + g.pt - t * g.st, kh = p.h + g.ph - h * g.sh, kw = p.w + g.pw - w * g.sw;
                const int64_t pixel = ((static_cast<int64_t>(p.n) * g.out_t + t) * g.out_h + h) * g.out_w + w;
                f(static_cast<int32_t>((kt * g.kh + kh) * g.kw + kw), pixel * g.c + p.channel);
            }
        }
    }
}

/// N is the type of a winner; winners may be null.
template <class T, class N, int W, class I> __global__ void max_pool(T* y, N* winners, const T* x, Geometry<I> g, I items) {
    for (int64_t item = first_item(); item < items; item += grid_stride()) {
        const Place<I> p = place<W>(static_cast<I>(item), g.out_t, g.out_h, g.out_w, g.c);
        float best[W];
        int32_t winner[W];
#pragma unroll
        for (int j = 0; j < W; ++j) {
            best[j] = -INFINITY;
            winner[j] = 0;
        }
        each_tap(g, p, [&](int32_t tap, int64_t from) {
            float v[W];
            load(v, x + from);
#pragma unroll
            for (int j = 0; j < W; ++j) {
                if (v[j] > best[j] || v[j] != v[j]) {
                    best[j] = v[j];
                    winner[j] = tap;
                }
            }
        });
        store(y + item * W, best);
        if (winners == nullptr) continue;
        using Winners = Pack<N, ACCESS<N, W>>;
#pragma unroll
        for (int k = 0; k < W / ACCESS<N, W>; ++k) {
            Winners pack;
#pragma unroll
            for (int j = 0; j < ACCESS<N, W>; ++j) pack.at[j] = static_cast<N>(winner[k * ACCESS<N, W> + j]);
            reinterpret_cast<Winners*>(winners + item * W)[k] = pack;
        }
    }
}

template <class T, class N, int W, class I>
__global__ void max_pool_gradient(T* dx, const T* dy, const N* winners, Geometry<I> g, I items) {
    for (int64_t item = first_item(); item < items; item += grid_stride()) {
        const Place<I> p = place<W>(static_cast<I>(item), g.t, g.h, g.w, g.c);
        float sum[W];
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] = 0.f;
        each_window(g, p, [&](int32_t tap, int64_t from) {
            using Winners = Pack<N, ACCESS<N, W>>;
            float v[W];
            load(v, dy + from);
#pragma unroll
            for (int k = 0; k < W / ACCESS<N, W>; ++k) {
                const Winners pack = reinterpret_cast<const Winners*>(winners + from)[k];
#pragma unroll
                for (int j = 0; j < ACCESS<N, W>; ++j) {
                    const int at = k * ACCESS<N, W> + j;
                    sum[at] += static_cast<int32_t>(pack.at[j]) == tap ? v[at] : 0.f;
                }
            }
        });
        store(dx + item * W, sum);
    }
}

template <class T, int W, class I> __global__ void average_pool(T* y, const T* x, Geometry<I> g, I items, float volume) {
    for (int64_t item = first_item(); item < items; item += grid_stride()) {
        const Place<I> p = place<W>(static_cast<I>(item), g.out_t, g.out_h, g.out_w, g.c);
        float sum[W];
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] = 0.f;
        each_tap(g, p, [&](int32_t, int64_t from) {
            float v[W];
            load(v, x + from);
#pragma unroll
            for (int j = 0; j < W; ++j) sum[j] += v[j];
        });
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] /= volume;
        store(y + item * W, sum);
    }
}

template <class T, int W, class I> __global__ void average_pool_gradient(T* dx, const T* dy, Geometry<I> g, I items, float volume) {
    for (int64_t item = first_item(); item < items; item += grid_stride()) {
        const Place<I> p = place<W>(static_cast<I>(item), g.t, g.h, g.w, g.c);
        float sum[W];
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] = 0.f;
        each_window(g, p, [&](int32_t, int64_t from) {
            float v[W];
            load(v, dy + from);
#pragma unroll
            for (int j = 0; j < W; ++j) sum[j] += v[j];
        });
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] /= volume;
        store(dx + item * W, sum);
    }
}

/// A thread an element of y[n, c].
template <class T> __global__ void global_average_v1(float* y, const T* x, int64_t n, int64_t positions, int64_t c) {
    for (int64_t i = first_item(); i < n * c; i += grid_stride()) {
        const T* from = x + i / c * positions * c + i % c;
        float sum = 0.f;
        for (int64_t p = 0; p < positions; ++p) sum += to_float(from[p * c]);
        y[i] = sum / static_cast<float>(positions);
    }
}

constexpr int THREADS = 256;

/// A block takes a clip and a tile of channels: its threads go down the positions, across packs wide, and add up what they have in pairs.
template <class T, int W>
__global__ void __launch_bounds__(THREADS) global_average_v2(float* y, const T* x, int64_t n, int64_t positions, int64_t c, int across) {
    __shared__ __align__(16) float sums[THREADS * W];
    const int thread = static_cast<int>(threadIdx.x), row = thread / across, down = THREADS / across;
    const int64_t channel = (static_cast<int64_t>(blockIdx.x) * across + thread % across) * W;
    const bool inside = channel < c;
    for (int64_t clip = blockIdx.y; clip < n; clip += gridDim.y) {
        float sum[W];
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] = 0.f;
#pragma unroll 4
        for (int64_t p = inside ? row : positions; p < positions; p += down) {
            float v[W];
            load(v, x + (clip * positions + p) * c + channel);
#pragma unroll
            for (int j = 0; j < W; ++j) sum[j] += v[j];
        }
        for (int half = down / 2; half > 0; half /= 2) {
            if (row >= half && row < 2 * half) store(sums + thread * W, sum);
            __syncthreads();  // what the lower half adds is there; the next round writes elsewhere
            if (row < half) {
#pragma unroll
                for (int j = 0; j < W; ++j) sum[j] += sums[(thread + half * across) * W + j];
            }
        }
        __syncthreads();  // all have read, before the next clip's sums are written
        if (row > 0 || !inside) continue;
#pragma unroll
        for (int j = 0; j < W; ++j) sum[j] /= static_cast<float>(positions);
        store(y + clip * c + channel, sum);
    }
}
}  // namespace kn::pool3d
