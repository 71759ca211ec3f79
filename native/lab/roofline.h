// What the device can do at most, as measured beside the kernels' times.
#pragma once
#include "../include/kinema.h"

namespace kn::lab {
/// Per second; f32 by fused multiply-adds outside the tensor cores, bf16 by mma.sync, which on sm_90 stays below what wgmma reaches.
struct Roofline {
    double bytes = 0, f32_flops = 0, bf16_flops = 0;

    /// The least seconds for this much work; 0 where neither is known.
    double seconds(double flops, double moved, kn_dtype dtype) const;
};

/// How much the measurements do; the smallest runs in the emulator.
struct RooflineSizes {
    int64_t copied = int64_t{1} << 30;  // bytes, in each direction
    int64_t blocks_per_multiprocessor = 4;  // which are all resident, so that none is left over at the end
    int64_t rounds = 32768;
    int repeats = 10;  // of which the best counts
};

/// Throws a sentence where a launch fails or memory is short.
Roofline measure_roofline(const RooflineSizes& sizes);

constexpr int ROOFLINE_THREADS = 256;
constexpr int ROOFLINE_CHAINS = 8;  // independent sums of a thread, or tiles of a warp: enough to fill the pipelines

/// y = x, in packs of 16 bytes.
kn_status roofline_copy(kn_dptr y, kn_dptr x, int64_t packs, kn_handle stream);
/// Each thread does ROOFLINE_CHAINS * rounds multiply-adds: y[blocks * ROOFLINE_THREADS] in F32, so that nothing is left out.
kn_status roofline_f32(kn_dptr y, int64_t blocks, int64_t rounds, kn_handle stream);
/// Each warp does ROOFLINE_CHAINS * rounds products of 16x16 by 16x8: y as above.
kn_status roofline_bf16(kn_dptr y, int64_t blocks, int64_t rounds, kn_handle stream);
}  // namespace kn::lab
