// Transposes and repetitions: y in order, x by strides. Neighbouring axes that lie together in x too are one.
#include "indexing.h"

#include <algorithm>

#include "../../runtime/kernel.h"

namespace kn::indexing {
namespace {
constexpr int THREADS = 256;
constexpr int TILE = 32;
constexpr int TILE_ROWS = THREADS / TILE;
constexpr int AXES = 6;
using Chunk = Pack<uint32_t, 4>;

/// Axes of y, innermost first, with their strides in x; filled up with axes of size 1.
struct Walk {
    int64_t sizes[AXES], steps[AXES];
    int axes;
    int64_t units;

    /// The place in x of element i of y, in 32 bits where all places fit.
    template <class I> __device__ I place(I i) const {
        I at = 0;
#pragma unroll
        for (int a = 0; a < AXES; ++a) {
            if (a >= axes) break;
            const I size = static_cast<I>(sizes[a]), rest = i / size;
            at += (i - rest * size) * static_cast<I>(steps[a]);
            i = rest;
        }
        return at;
    }
};

Walk walk_of(const int64_t (&sizes)[AXES], const int64_t (&steps)[AXES]) {
    Walk w{{1, 1, 1, 1, 1, 1}, {0, 0, 0, 0, 0, 0}, 0, 1};
    for (int a = AXES - 1; a >= 0; --a) {
        w.units *= sizes[a];
        if (sizes[a] == 1) continue;
        const int last = w.axes - 1;
        if (last >= 0 && steps[a] == w.steps[last] * w.sizes[last]) {
            w.sizes[last] *= sizes[a];
        } else {
            w.sizes[w.axes] = sizes[a];
            w.steps[w.axes++] = steps[a];
        }
    }
    return w;
}

/// In units of per_chunk elements, if the innermost axis of y is x's too and everything is whole units.
bool in_chunks(Walk* w, int64_t per_chunk) {
    if (w->axes == 0 || w->steps[0] != 1 || w->sizes[0] % per_chunk != 0) return false;
    for (int a = 1; a < w->axes; ++a) {
        if (w->steps[a] % per_chunk != 0) return false;
        w->steps[a] /= per_chunk;
    }
    w->sizes[0] /= per_chunk;
    w->units /= per_chunk;
    return true;
}

template <class U, class I> __global__ void strided_units(U* y, const U* x, const Walk w) {
    for (I i = static_cast<I>(blockIdx.x) * blockDim.x + threadIdx.x; i < static_cast<I>(w.units);
         i += static_cast<I>(gridDim.x) * blockDim.x) {
        y[i] = x[w.place(i)];
    }
}

/// Axis 0 of y against the axis `across` of y, which is x's innermost: read along the one, written along the other. The other axes are in
/// `rest`, whose steps are in x and whose y_steps in y.
struct Tiles {
    Walk rest;
    int64_t y_steps[AXES];
    int64_t columns, column_step;   // of axis 0; y's step is 1
    int64_t rows, row_y_step;       // of axis `across`; x's step is 1
};

template <class U> __global__ void __launch_bounds__(THREADS) strided_v3(U* y, const U* x, Tiles t) {
    __shared__ U tile[TILE][TILE + 1];
    const int lane = threadIdx.x % TILE, line = threadIdx.x / TILE;
    const int64_t across = ceil_div(t.columns, TILE), down = ceil_div(t.rows, TILE);
    for (int64_t item = blockIdx.x; item < across * down * t.rest.units; item += gridDim.x) {
        const int64_t column = item % across * TILE, row = item / across % down * TILE;
        int64_t rest = item / across / down, from = 0, to = 0;
        for (int a = 0; a < t.rest.axes; ++a) {
            from += rest % t.rest.sizes[a] * t.rest.steps[a];
            to += rest % t.rest.sizes[a] * t.y_steps[a];
            rest /= t.rest.sizes[a];
        }
        for (int l = line; l < TILE; l += TILE_ROWS) {
            if (column + l < t.columns && row + lane < t.rows) tile[l][lane] = x[from + (column + l) * t.column_step + row + lane];
        }
        __syncthreads();  // the tile is there
        for (int l = line; l < TILE; l += TILE_ROWS) {
            if (column + lane < t.columns && row + l < t.rows) y[to + (row + l) * t.row_y_step + column + lane] = tile[lane][l];
        }
        __syncthreads();  // all have read it
    }
}

/// Whether x's innermost axis is another than y's, so that tiles help.
bool in_tiles(const Walk& w, Tiles* t) {
    int across = 0;
    for (int a = 1; a < w.axes; ++a) {
        if (w.steps[a] == 1) across = a;
    }
    if (across == 0 || w.steps[0] <= 1) return false;
    *t = {};
    t->rest.units = 1;
    int64_t y_step = 1;
    for (int a = 0; a < w.axes; ++a) {
        if (a == 0) {
            t->columns = w.sizes[a];
            t->column_step = w.steps[a];
        } else if (a == across) {
            t->rows = w.sizes[a];
            t->row_y_step = y_step;
        } else {
            t->rest.sizes[t->rest.axes] = w.sizes[a];
            t->rest.steps[t->rest.axes] = w.steps[a];
            t->y_steps[t->rest.axes++] = y_step;
            t->rest.units *= w.sizes[a];
        }
        y_step *= w.sizes[a];
    }
    return true;
}

template <class U> void launch_tiles(kn_dptr y, kn_dptr x, const Tiles& t, kn_handle stream) {
    const int64_t tiles = ceil_div(t.columns, TILE) * ceil_div(t.rows, TILE) * t.rest.units;
    LAUNCH((strided_v3<U>), blocks_for(tiles, 1), THREADS, 0, stream_of(stream), address<U>(y), address<const U>(x), t);
}

template <class U> void launch_units(kn_dptr y, kn_dptr x, const Walk& w, kn_handle stream) {
    int64_t most = w.units;
    for (int a = 0; a < w.axes; ++a) most = std::max(most, w.sizes[a] * w.steps[a] * w.axes);
    if (most < NARROW) {
        LAUNCH((strided_units<U, uint32_t>), blocks_for(w.units, THREADS), THREADS, 0, stream_of(stream), address<U>(y),
               address<const U>(x), w);
    } else {
        LAUNCH((strided_units<U, int64_t>), blocks_for(w.units, THREADS), THREADS, 0, stream_of(stream), address<U>(y),
               address<const U>(x), w);
    }
}
}  // namespace

kn_status strided(int variant, kn_dptr y, kn_dptr x, const int64_t (&sizes)[6], const int64_t (&steps)[6], kn_dtype dtype,
                  kn_handle stream) {
    for (int a = 0; a < AXES; ++a) {
        KN_REQUIRE(sizes[a] >= 0 && steps[a] >= 0, "indexing.strided: axis %d of size %lld and step %lld", a,
                   static_cast<long long>(sizes[a]), static_cast<long long>(steps[a]));
    }
    KN_REQUIRE(is_floating(dtype), "indexing.strided moves f32 and bf16, not %s", dtype_name(dtype));
    const Walk walk = walk_of(sizes, steps);
    if (walk.units == 0) return KN_OK;
    Walk chunks = walk;
    Tiles tiles;
    const bool packs = (y | x) % 16 == 0 && in_chunks(&chunks, 16 / size_of(dtype)), tiled = in_tiles(walk, &tiles);
    if (variant == 0) variant = packs ? 2 : tiled ? 3 : 1;
    if (variant == 2 && !packs) return refuse(KN_UNSUPPORTED, "indexing.strided v2 takes a last axis of whole 16 bytes that is x's last");
    if (variant == 3 && !tiled) return refuse(KN_UNSUPPORTED, "indexing.strided v3 takes a last axis that is not x's last");
    if (variant == 2) {
        launch_units<Chunk>(y, x, chunks, stream);
    } else if (variant == 3 && dtype == KN_F32) {
        launch_tiles<uint32_t>(y, x, tiles, stream);
    } else if (variant == 3) {
        launch_tiles<uint16_t>(y, x, tiles, stream);
    } else if (dtype == KN_F32) {
        launch_units<uint32_t>(y, x, walk, stream);
    } else {
        launch_units<uint16_t>(y, x, walk, stream);
    }
    return launched("indexing.strided v%d of %lld elements", variant, static_cast<long long>(walk.units));
}
}  // namespace kn::indexing

extern "C" kn_status kn_indexing_strided(kn_dptr y, kn_dptr x, int64_t d0, int64_t d1, int64_t d2, int64_t d3, int64_t d4, int64_t d5,
                                         int64_t s0, int64_t s1, int64_t s2, int64_t s3, int64_t s4, int64_t s5, kn_dtype dtype,
                                         kn_handle stream) {
    return kn::indexing::strided(0, y, x, {d0, d1, d2, d3, d4, d5}, {s0, s1, s2, s3, s4, s5}, dtype, stream);
}
