// The tiled product behind matmul and the convolutions: one block computes y[m, n] = sum over k of a[m, k] b[k, n] for a tile of m and n.
// Slices of both operands, 128 bytes deep in k, come to shared memory by asynchronous copies several slices ahead; a core multiplies them, by
// mma.sync for bf16 and by register tiles for float; the sums go through shared memory to the epilogue, which writes 16 bytes at a time.
//
// An operand says where its 16-byte pieces lie. It is contiguous either along k (rows of shared memory are m or n) or across it (rows are k).
// A thread brings pieces whose one index stays for the whole loop and whose other moves with k:
//   Place fixed(index), Place moving(k, end), Piece<T> at(fixed, moving), with Place any struct.
#pragma once
#include "../../runtime/kernel.h"
#include "../../runtime/ptx.h"

namespace kn::tile {
constexpr int SLICE_CHUNKS = 8;  // 16-byte chunks of a slice along k
template <class T> constexpr int DEPTH = SLICE_CHUNKS * WIDE<T>;

/// Elements from an address, fewer than 16 bytes at the end of a row; none outside; the rest of the chunk is zero.
template <class T> struct Piece {
    const T* from;
    int count;
};

/// A chunk of a row in shared memory. The exclusive or puts the same chunk of eight neighbouring rows into different banks.
template <class T> __device__ inline T* chunk(T* slice, int chunks, int row, int column) {
    return slice + (row * chunks + (column ^ (row & 7))) * WIDE<T>;
}

__device__ inline int clamp_count(int64_t left, int most) { return left <= 0 ? 0 : left < most ? static_cast<int>(left) : most; }

/// A dense matrix: [extent, depth] where contiguous along k, else [depth, extent].
template <class T, bool ALONG_K> struct Matrix {
    static constexpr bool K_CONTIGUOUS = ALONG_K;
    const T* base;
    int extent, depth;
    struct Place {
        int64_t offset;
        int count;
    };
    __device__ Place fixed(int index) const {
        if (ALONG_K) return {static_cast<int64_t>(index) * depth, index < extent ? WIDE<T> : 0};
        return {index, clamp_count(extent - index, WIDE<T>)};
    }
    __device__ Place moving(int k, int end) const {
        if (ALONG_K) return {k, clamp_count(end - k, WIDE<T>)};
        return {static_cast<int64_t>(k) * extent, k < end ? WIDE<T> : 0};
    }
    __device__ Piece<T> at(const Place& f, const Place& m) const {
        return {base + (f.offset + m.offset), f.count < m.count ? f.count : m.count};
    }
};

/// Brings the slices of an operand, EXTENT of m or n wide. Where ALIGNED, every piece is whole or absent and lies at a multiple of 16 bytes.
template <class T, class Operand, int EXTENT, int THREADS, bool ALIGNED> struct Feeder {
    static constexpr bool K = Operand::K_CONTIGUOUS;
    static constexpr int CHUNKS = K ? SLICE_CHUNKS : EXTENT / WIDE<T>;
    static constexpr int ROWS = K ? EXTENT : DEPTH<T>;
    static constexpr int ROWS_AT_ONCE = THREADS / CHUNKS;
    static constexpr int EACH = ROWS / ROWS_AT_ONCE;
    static_assert(THREADS % CHUNKS == 0 && ROWS % ROWS_AT_ONCE == 0, "every thread brings as much");
    using Place = typename Operand::Place;

    const Operand operand;
    const int row, column;
    Place fixed[K ? EACH : 1];

    __device__ Feeder(const Operand& operand_, int first)
        : operand(operand_), row(static_cast<int>(threadIdx.x) / CHUNKS), column(static_cast<int>(threadIdx.x) % CHUNKS) {
#pragma unroll
        for (int i = 0; i < (K ? EACH : 1); ++i) fixed[i] = operand.fixed(first + (K ? row + i * ROWS_AT_ONCE : column * WIDE<T>));
    }

    __device__ void load(T* slice, int k, int end) const {
        if (K) {
            const Place moving = operand.moving(k + column * WIDE<T>, end);
#pragma unroll
            for (int i = 0; i < EACH; ++i) put(slice, row + i * ROWS_AT_ONCE, operand.at(fixed[K ? i : 0], moving));
        } else {
#pragma unroll
            for (int i = 0; i < EACH; ++i) {
                put(slice, row + i * ROWS_AT_ONCE, operand.at(fixed[0], operand.moving(k + row + i * ROWS_AT_ONCE, end)));
            }
        }
    }

    __device__ void put(T* slice, int to, const Piece<T>& piece) const {
        T* target = chunk(slice, CHUNKS, to, column);
        if (ALIGNED) {
            copy_async_16(target, piece.from, piece.count > 0);
        } else {
#pragma unroll
            for (int e = 0; e < WIDE<T>; ++e) target[e] = e < piece.count ? piece.from[e] : from_float<T>(0.f);
        }
    }
};

/// bf16 by mma.sync: ACROSS x DOWN warps, each with a part of the tile. Fragments: see ptx.h.
template <int M_, int N_, int DOWN, int ACROSS, bool A_K, bool B_K> struct TensorCore {
    using Element = bf16;
    static constexpr int M = M_, N = N_, THREADS = DOWN * ACROSS * WARP_SIZE;
    static constexpr int ROWS = M / DOWN, COLUMNS = N / ACROSS, MI = ROWS / 16, NI = COLUMNS / 8;
    static_assert(NI % 2 == 0, "fragments of b are loaded in pairs");
    float sums[MI][NI][4];

    __device__ static int lane() { return static_cast<int>(threadIdx.x) % WARP_SIZE; }
    __device__ static int warp() { return static_cast<int>(threadIdx.x) / WARP_SIZE; }
    __device__ static int first_row() { return warp() / ACROSS * ROWS; }
    __device__ static int first_column() { return warp() % ACROSS * COLUMNS; }

    __device__ TensorCore() {
#pragma unroll
        for (int i = 0; i < MI * NI * 4; ++i) sums[i / (NI * 4)][i / 4 % NI][i % 4] = 0.f;
    }

    __device__ void multiply(const bf16* a, const bf16* b) {
        const int low = lane() & 7, middle = lane() >> 3 & 1, high = lane() >> 4;
#pragma unroll
        for (int step = 0; step < DEPTH<bf16> / 16; ++step) {
            uint32_t left[MI][4], right[NI / 2][4];
#pragma unroll
            for (int i = 0; i < MI; ++i) {
                const int m = first_row() + i * 16;
                if (A_K) {
                    ldmatrix_x4(left[i], chunk(a, SLICE_CHUNKS, m + middle * 8 + low, step * 2 + high));
                } else {
                    ldmatrix_x4_transposed(left[i], chunk(a, M / 8, step * 16 + high * 8 + low, m / 8 + middle));
                }
            }
#pragma unroll
            for (int j = 0; j < NI / 2; ++j) {
                const int n = first_column() + j * 16;
                if (B_K) {
                    ldmatrix_x4(right[j], chunk(b, SLICE_CHUNKS, n + high * 8 + low, step * 2 + middle));
                } else {
                    ldmatrix_x4_transposed(right[j], chunk(b, N / 8, step * 16 + middle * 8 + low, n / 8 + high));
                }
            }
#pragma unroll
            for (int i = 0; i < MI; ++i) {
#pragma unroll
                for (int j = 0; j < NI; ++j) {
                    const uint32_t pair[2] = {right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]};
                    mma_bf16(sums[i][j], left[i], pair);
                }
            }
        }
    }

    __device__ void spill(float* to, int pitch) const {
        const int g = lane() / 4, t = lane() % 4;
#pragma unroll
        for (int i = 0; i < MI; ++i) {
#pragma unroll
            for (int j = 0; j < NI; ++j) {
                float* at = to + (first_row() + i * 16 + g) * pitch + first_column() + j * 8 + t * 2;
                *reinterpret_cast<Pack<float, 2>*>(at) = {{sums[i][j][0], sums[i][j][1]}};
                *reinterpret_cast<Pack<float, 2>*>(at + 8 * pitch) = {{sums[i][j][2], sums[i][j][3]}};
            }
        }
    }
};

/// float by multiply-adds: 16 x 16 threads, each with M / 16 x N / 16 sums. Which rows and columns those are depends on the layout, so that
/// a quarter of a warp reads 16 bytes each from different banks.
template <int M_, int N_, bool A_K, bool B_K> struct RegisterTile {
    using Element = float;
    static constexpr int M = M_, N = N_, THREADS = 256, MI = M / 16, NI = N / 16;
    float sums[MI][NI];

    __device__ static int down() { return static_cast<int>(threadIdx.x) / 16; }
    __device__ static int across() { return static_cast<int>(threadIdx.x) % 16; }
    template <bool K> __device__ static int index(int place, int i) { return K ? place + i * 16 : i / 4 * 64 + place * 4 + i % 4; }

    __device__ RegisterTile() {
#pragma unroll
        for (int i = 0; i < MI * NI; ++i) sums[i / NI][i % NI] = 0.f;
    }

    template <bool K, int EXTENT> __device__ static void take(float (&values)[EXTENT / 16][4], const float* slice, int place, int step) {
#pragma unroll
        for (int i = 0; i < EXTENT / 16; ++i) {
            // along k: four of k for each row; across: four rows for each of k, in the order of index()
            const float* from = K ? chunk(slice, SLICE_CHUNKS, place + i * 16, step)
                                  : chunk(slice, EXTENT / 4, step * 4 + i % 4, i / 4 * 16 + place);
            const Pack<float, 4> four = *reinterpret_cast<const Pack<float, 4>*>(from);
#pragma unroll
            for (int e = 0; e < 4; ++e) (K ? values[i][e] : values[i / 4 * 4 + e][i % 4]) = four.at[e];
        }
    }

    __device__ void multiply(const float* a, const float* b) {
#pragma unroll 2
        for (int step = 0; step < SLICE_CHUNKS; ++step) {
            float left[MI][4], right[NI][4];
            take<A_K, M>(left, a, down(), step);
            take<B_K, N>(right, b, across(), step);
#pragma unroll
            for (int e = 0; e < 4; ++e) {
#pragma unroll
                for (int i = 0; i < MI; ++i) {
#pragma unroll
                    for (int j = 0; j < NI; ++j) sums[i][j] += left[i][e] * right[j][e];
                }
            }
        }
    }

    __device__ void spill(float* to, int pitch) const {
#pragma unroll
        for (int i = 0; i < MI; ++i) {
#pragma unroll
            for (int j = 0; j < NI; ++j) to[index<A_K>(down(), i) * pitch + index<B_K>(across(), j)] = sums[i][j];
        }
    }
};

/// The tiles in use, by the type of the elements; SIZE 2: 64 x 64, 3: 128 x 64, 4: 128 x 128.
template <class T, int SIZE, bool A_K, bool B_K> struct Cores;
template <bool A_K, bool B_K> struct Cores<bf16, 2, A_K, B_K> { using Core = TensorCore<64, 64, 2, 2, A_K, B_K>; };
template <bool A_K, bool B_K> struct Cores<bf16, 3, A_K, B_K> { using Core = TensorCore<128, 64, 2, 2, A_K, B_K>; };
template <bool A_K, bool B_K> struct Cores<bf16, 4, A_K, B_K> { using Core = TensorCore<128, 128, 2, 4, A_K, B_K>; };
template <bool A_K, bool B_K> struct Cores<float, 2, A_K, B_K> { using Core = RegisterTile<64, 64, A_K, B_K>; };
template <bool A_K, bool B_K> struct Cores<float, 3, A_K, B_K> { using Core = RegisterTile<128, 64, A_K, B_K>; };
template <bool A_K, bool B_K> struct Cores<float, 4, A_K, B_K> { using Core = RegisterTile<128, 128, A_K, B_K>; };
template <class T, int SIZE, class A, class B> using CoreOf = typename Cores<T, SIZE, A::K_CONTIGUOUS, B::K_CONTIGUOUS>::Core;

/// The same as Core::THREADS, in a form that launch bounds take.
template <class T> constexpr int threads_of(int size) { return sizeof(T) == 4 || size == 4 ? 256 : 128; }

/// The largest tile that still makes a block for every multiprocessor of a large device, as rows wait for each other less in small ones.
inline int size_for(int64_t m, int64_t n, int64_t batch) {
    constexpr int64_t ENOUGH = 132;
    if (n > 64 && ceil_div(m, 128) * ceil_div(n, 128) * batch >= ENOUGH) return 4;
    return ceil_div(m, 128) * ceil_div(n, 64) * batch >= ENOUGH ? 3 : 2;
}

constexpr int STAGES = 3;
constexpr int PITCH_MARGIN = 8;  // floats: a warp writes fragments to all banks
template <class Core> constexpr int STAGE_BYTES = (Core::M + Core::N) * SLICE_CHUNKS * 16;
template <class Core> constexpr int SPILL_BYTES = Core::M * (Core::N + PITCH_MARGIN) * 4;
template <class Core> constexpr int SHARED_BYTES = STAGES * STAGE_BYTES<Core> > SPILL_BYTES<Core> ? STAGES * STAGE_BYTES<Core> : SPILL_BYTES<Core>;
constexpr int FINISHED = 8;  // columns that the epilogue takes at a time

/// The tile at (m, n), summed over k from begin to end, each a multiple of the slice or the end of k; finish(row, column, 8 sums).
template <class Core, bool ALIGNED, class A, class B, class Finish>
__device__ void multiply(const A& a, const B& b, const Finish& finish, int m, int n, int begin, int end) {
    using T = typename Core::Element;
    constexpr int LEFT = Core::M * DEPTH<T>, STAGE = LEFT + Core::N * DEPTH<T>;
    T* const stages = reinterpret_cast<T*>(dynamic_shared());
    const int slices = (end - begin + DEPTH<T> - 1) / DEPTH<T>;
    Core core;
    {
        const Feeder<T, A, Core::M, Core::THREADS, ALIGNED> left(a, m);
        const Feeder<T, B, Core::N, Core::THREADS, ALIGNED> right(b, n);
        const auto load = [&](int slice) {
            T* stage = stages + slice % STAGES * STAGE;
            if (slice < slices) {
                left.load(stage, begin + slice * DEPTH<T>, end);
                right.load(stage + LEFT, begin + slice * DEPTH<T>, end);
            }
            copy_async_commit();  // empty ones too, so that the count of groups tells the slice
        };
#pragma unroll
        for (int s = 0; s < STAGES - 1; ++s) load(s);
        for (int s = 0; s < slices; ++s) {
            copy_async_wait<STAGES - 2>();
            __syncthreads();  // everyone's copies of slice s are there, and everyone is done with the stage that is filled next
            load(s + STAGES - 1);
            const T* stage = stages + s % STAGES * STAGE;
            core.multiply(stage, stage + LEFT);
        }
    }
    copy_async_wait<0>();
    __syncthreads();  // the stages become the tile of sums
    constexpr int PITCH = Core::N + PITCH_MARGIN, ACROSS = Core::N / FINISHED;
    float* const sums = reinterpret_cast<float*>(dynamic_shared());
    core.spill(sums, PITCH);
    __syncthreads();  // the sums are there
    for (int i = static_cast<int>(threadIdx.x); i < Core::M * ACROSS; i += Core::THREADS) {
        finish(m + i / ACROSS, n + i % ACROSS * FINISHED, sums + i / ACROSS * PITCH + i % ACROSS * FINISHED);
    }
}
}  // namespace kn::tile
