// How the limits are measured: the best of some runs of each kernel, on a stream of its own.
#include "roofline.h"

#include <algorithm>

#include "device.h"

namespace kn::lab {
namespace {
constexpr double FLOPS_PER_TILE = 2.0 * 16 * 8 * 16;

template <class F> double best_seconds(int repeats, kn_handle stream, F&& work) {
    Watch watch(stream);
    double best = watch.seconds(work);  // the first warms up
    for (int i = 0; i < repeats; ++i) {
        const double seconds = watch.seconds(work);
        best = i == 0 ? seconds : std::min(best, seconds);
    }
    return best;
}
}  // namespace

double Roofline::seconds(double flops, double moved, kn_dtype dtype) const {
    const double peak = dtype == KN_BF16 ? bf16_flops : f32_flops;
    return std::max(peak > 0 ? flops / peak : 0, bytes > 0 ? moved / bytes : 0);
}

Roofline measure_roofline(const RooflineSizes& sizes) {
    const OwnedStream stream(kn_stream_create());
    const int64_t packs = std::max<int64_t>(1, std::min(sizes.copied, kn_device_property(0, KN_MEMORY_FREE) / 4) / 16);
    const int64_t blocks = sizes.blocks_per_multiprocessor * kn_device_property(0, KN_MULTIPROCESSORS);
    const double threads = static_cast<double>(blocks) * ROOFLINE_THREADS;
    const double steps = static_cast<double>(sizes.rounds) * ROOFLINE_CHAINS;
    Roofline roofline;
    {
        const OwnedMemory x(kn_memory_allocate(packs * 16)), y(kn_memory_allocate(packs * 16));
        must(kn_memory_set(x.get(), 0x3F, packs * 16, stream.get()));
        const auto copy = [&] { return roofline_copy(y.get(), x.get(), packs, stream.get()); };
        roofline.bytes = 2.0 * 16 * static_cast<double>(packs) / best_seconds(sizes.repeats, stream.get(), copy);
    }
    const OwnedMemory y(kn_memory_allocate(blocks * ROOFLINE_THREADS * 4));
    const auto f32 = [&] { return roofline_f32(y.get(), blocks, sizes.rounds, stream.get()); };
    roofline.f32_flops = 2 * steps * threads / best_seconds(sizes.repeats, stream.get(), f32);
    const auto bf16 = [&] { return roofline_bf16(y.get(), blocks, sizes.rounds, stream.get()); };
    roofline.bf16_flops = FLOPS_PER_TILE * steps * (threads / 32) / best_seconds(sizes.repeats, stream.get(), bf16);
    return roofline;
}
}  // namespace kn::lab
