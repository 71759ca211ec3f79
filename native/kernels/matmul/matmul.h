// What the lab and conv3d need of the family beyond the C interface: its function with a variant, where 0 chooses, and with a scale.
#pragma once
#include "../../include/kinema.h"
#include "epilogue.h"

namespace kn::matmul {
// 1: a thread an element; tiles, bf16 by mma.sync: 2: 64 x 64, 3: 128 x 64, 4: 128 x 128
constexpr int VARIANTS = 4;

struct Product {
    kn_dptr a, b;
    int64_t batch, m, n, k;
    bool transpose_a, transpose_b;
    kn_dtype dtype;
};

/// scale[n] in F32, or 0, multiplies the product before bias and residual are added.
kn_status multiply(int variant, kn_dptr y, const Product& p, kn_dptr scale, kn_dptr bias, kn_dptr residual, int activation, kn_dtype y_dtype,
                   kn_handle stream);

/// A chain on sum + bias; before is stored, unless 0.
struct Finish {
    kn_dptr before, bias, random, other;
    int activation;
    double p;
    int32_t salt;
    int operation;
    kn_dtype y_dtype, before_dtype, other_dtype;
};
kn_status chain(int variant, kn_dptr y, const Product& p, const Finish& f, kn_handle stream);

/// The tiled variants, in a file each for its type; y advances by m n for each of the batch.
void launch_tiles_bf16(int size, bool aligned, const Product& p, const ChainEpilogue& e, kn_handle stream);
void launch_tiles_float(int size, bool aligned, const Product& p, const ChainEpilogue& e, kn_handle stream);
}  // namespace kn::matmul
