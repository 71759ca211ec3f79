// The tiled kernel for one type of elements, and the choice among its forms.
#pragma once
#include "matmul.h"
#include "tile.h"

namespace kn::matmul {
/// The epilogue of one matrix of a batch; its rows end with the matrix.
struct MatrixEpilogue {
    ChainEpilogue e;
    int64_t first;
    int rows;
    __device__ void operator()(int row, int column, const float* sums) const {
        if (row < rows) e.store_any<tile::FINISHED>(first + row, column, sums);
    }
};

// neighbouring blocks share rows of a, which stay in L2
template <class T, int SIZE, bool A_K, bool B_K, bool ALIGNED>
__global__ void __launch_bounds__(tile::threads_of<T>(SIZE), 1)
    tiled(const T* a, const T* b, ChainEpilogue e, int m, int n, int k, int tiles_across) {
    using Core = typename tile::Cores<T, SIZE, A_K, B_K>::Core;
    const int64_t which = blockIdx.y;
    const int down = static_cast<int>(blockIdx.x) / tiles_across, across = static_cast<int>(blockIdx.x) % tiles_across;
    const tile::Matrix<T, A_K> left{a + which * m * k, m, k};
    const tile::Matrix<T, B_K> right{b + which * k * n, n, k};
    tile::multiply<Core, ALIGNED>(left, right, MatrixEpilogue{e, which * m, m}, down * Core::M, across * Core::N, 0, k);
}

template <class T, int SIZE, bool A_K, bool B_K, bool ALIGNED> void launch_tile(const Product& p, const ChainEpilogue& e, kn_handle stream) {
    using Core = typename tile::Cores<T, SIZE, A_K, B_K>::Core;
    const int64_t across = ceil_div(p.n, Core::N);
    const dim3 grid(static_cast<unsigned>(across * ceil_div(p.m, Core::M)), static_cast<unsigned>(p.batch));
    LAUNCH((tiled<T, SIZE, A_K, B_K, ALIGNED>), grid, Core::THREADS, tile::SHARED_BYTES<Core>, stream_of(stream), address<const T>(p.a),
           address<const T>(p.b), e, static_cast<int>(p.m), static_cast<int>(p.n), static_cast<int>(p.k), static_cast<int>(across));
}

template <class T, bool A_K, bool B_K> void launch_form(int size, bool aligned, const Product& p, const ChainEpilogue& e, kn_handle stream) {
    if (!aligned) {
        launch_tile<T, 2, A_K, B_K, false>(p, e, stream);
    } else if (size == 2) {
        launch_tile<T, 2, A_K, B_K, true>(p, e, stream);
    } else if (size == 3) {
        launch_tile<T, 3, A_K, B_K, true>(p, e, stream);
    } else {
        launch_tile<T, 4, A_K, B_K, true>(p, e, stream);
    }
}

template <class T> void launch_type(int size, bool aligned, const Product& p, const ChainEpilogue& e, kn_handle stream) {
    if (p.transpose_a) {
        p.transpose_b ? launch_form<T, false, true>(size, aligned, p, e, stream) : launch_form<T, false, false>(size, aligned, p, e, stream);
    } else {
        p.transpose_b ? launch_form<T, true, true>(size, aligned, p, e, stream) : launch_form<T, true, false>(size, aligned, p, e, stream);
    }
}
}  // namespace kn::matmul
