// Reductions over the rows of [rows, channels] to two numbers a channel. A block takes a tile of channels and a part of the rows: a thread
// goes down its rows for a pack of channels, then the threads of a column merge what they have, then a second kernel merges the parts. In
// which order rows meet depends on the sizes alone, so the bits do too.
#pragma once
#include "../../runtime/access.h"

namespace kn::columns {
constexpr int THREADS = 256;
constexpr int DEEP = 4;  // rows that a thread asks for before it uses the first
/// Enough blocks for four on every multiprocessor of a large device.
constexpr int64_t BLOCKS = 132 * 4;
/// Of the kernel that merges parts: channels beside each other, and threads for each.
constexpr int MERGED = 32, MERGERS = 32;

/// How blocks and threads lie over the rows and channels.
struct Tiling {
    int64_t rows, channels, rows_of_part;
    int across;  // packs beside each other in a block: a power of two
    int parts, tiles;
};

inline Tiling tiling(int64_t rows, int64_t channels, int width) {
    const int64_t packs = channels / width;
    int across = 1;
    while (across < packs && across < WARP_SIZE) across *= 2;
    const int64_t tiles = ceil_div(packs, across), most = ceil_div(rows, THREADS / across * DEEP);
    const int64_t parts = ceil_div(BLOCKS, tiles) < most ? ceil_div(BLOCKS, tiles) : most;
    const int64_t rows_of_part = ceil_div(rows, parts);
    return {rows, channels, rows_of_part, across, static_cast<int>(ceil_div(rows, rows_of_part)), static_cast<int>(tiles)};
}

inline dim3 grid(const Tiling& t) { return dim3(static_cast<unsigned>(t.tiles), static_cast<unsigned>(t.parts)); }

/// What a thread takes: the pack of channels from channel on, of the rows row, row + step, ... before end; none beyond the channels.
struct Place {
    int64_t channel, row, end;
    int step;
    bool inside;
};

template <int W> __device__ inline Place place(const Tiling& t) {
    const int x = static_cast<int>(threadIdx.x) % t.across, y = static_cast<int>(threadIdx.x) / t.across;
    const int64_t channel = (static_cast<int64_t>(blockIdx.x) * t.across + x) * W, begin = blockIdx.y * t.rows_of_part;
    const int64_t end = min(begin + t.rows_of_part, t.rows);
    const bool inside = channel < t.channels;
    return {channel, inside ? begin + y : end, end, THREADS / t.across, inside};
}

struct __align__(8) Pair {
    float first, second;
};

/// Pairs of the mean of some rows and the sum of the squares of their distances to it: Chan, Golub and LeVeque, "Updating formulae and a
/// pairwise algorithm for computing sample variances" (1979), equation 2.1.
struct Moments {
    __device__ static Pair merge(const Pair& a, float rows_a, const Pair& b, float rows_b) {
        const float rows = rows_a + rows_b, share = rows > 0.f ? rows_b / rows : 0.f, d = b.first - a.first;
        return {a.first + d * share, a.second + b.second + d * d * rows_a * share};
    }
};

struct Sums {
    __device__ static Pair merge(const Pair& a, float, const Pair& b, float) { return {a.first + b.first, a.second + b.second}; }
};

/// What a block's threads need to merge.
template <int COUNT, int W> struct Scratch {
    Pair pairs[COUNT * W];
    float rows[COUNT];
};

/// Merges the columns of a block of COUNT threads, across wide; the threads of the first row get the results.
template <class How, int COUNT, int W>
__device__ void merge_columns(Pair (&values)[W], float& rows, Scratch<COUNT, W>& scratch, int across) {
    const int thread = static_cast<int>(threadIdx.x), y = thread / across;
    for (int half = COUNT / across / 2; half > 0; half /= 2) {
        if (y >= half && y < 2 * half) {
#pragma unroll
            for (int j = 0; j < W; ++j) scratch.pairs[thread * W + j] = values[j];
            scratch.rows[thread] = rows;
        }
        __syncthreads();  // what the lower half gives is there; the next round writes elsewhere
        if (y < half) {
            const int other = thread + half * across;
#pragma unroll
            for (int j = 0; j < W; ++j) values[j] = How::merge(values[j], rows, scratch.pairs[other * W + j], scratch.rows[other]);
            rows += scratch.rows[other];
        }
    }
}

/// Leaves a block's result in partial[parts, channels].
template <class How, int W> __device__ void store_part(Pair* partial, Pair (&values)[W], float rows, const Tiling& t, const Place& at) {
    __shared__ Scratch<THREADS, W> scratch;
    merge_columns<How>(values, rows, scratch, t.across);
    if (static_cast<int>(threadIdx.x) >= t.across || !at.inside) return;
#pragma unroll
    for (int j = 0; j < W; ++j) partial[blockIdx.y * t.channels + at.channel + j] = values[j];
}

/// first[channels] and second[channels], the latter divided by divisor, of all parts.
template <class How>
__global__ void __launch_bounds__(MERGED * MERGERS) merge_parts(float* first, float* second, const Pair* partial, Tiling t, float divisor) {
    __shared__ Scratch<MERGED * MERGERS, 1> scratch;
    const int64_t channel = static_cast<int64_t>(blockIdx.x) * MERGED + threadIdx.x % MERGED;
    Pair all[1] = {{0.f, 0.f}};
    float rows = 0.f;
    if (channel < t.channels) {
#pragma unroll 4
        for (int p = static_cast<int>(threadIdx.x) / MERGED; p < t.parts; p += MERGERS) {
            const float more = static_cast<float>(min(t.rows_of_part, t.rows - p * t.rows_of_part));
            all[0] = How::merge(all[0], rows, partial[p * t.channels + channel], more);
            rows += more;
        }
    }
    merge_columns<How>(all, rows, scratch, MERGED);
    if (threadIdx.x >= MERGED || channel >= t.channels) return;
    first[channel] = all[0].first;
    second[channel] = all[0].second / divisor;
}

/// Bytes of partial.
inline int64_t workspace(const Tiling& t) { return t.parts * t.channels * static_cast<int64_t>(sizeof(Pair)); }

template <class How> void launch_merge(kn_dptr first, kn_dptr second, kn_dptr partial, const Tiling& t, float divisor, kn_handle stream) {
    LAUNCH((merge_parts<How>), static_cast<unsigned>(ceil_div(t.channels, MERGED)), MERGED * MERGERS, 0, stream_of(stream),
           address<float>(first), address<float>(second), address<const Pair>(partial), t, divisor);
}
}  // namespace kn::columns
