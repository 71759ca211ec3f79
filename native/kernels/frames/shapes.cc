// The shapes on which the lab holds the family's variants against doubles, and against each other.
#include "../../lab/lab.h"
#include "frames.h"

namespace kn::lab {
namespace {
void add_normalize(Lab& lab, int64_t pixels, int64_t channels, kn_dtype dtype) {
    const frames::Constants k{{0.485f, 0.456f, 0.406f, 0.5f}, {0.229f, 0.224f, 0.225f, 0.25f}};
    Case c("frames.normalize", dtype, {{"pixels", pixels}, {"channels", channels}});
    c.variants = frames::VARIANTS;
    c.condition = 2;  // x / 255 against its distance to the mean
    c.inputs = {{KN_U8, pixels * channels, 1, 256}};
    c.outputs = {{dtype, pixels * channels}};
    c.bytes = static_cast<double>(pixels * channels * (1 + size_of(dtype)));
    c.run = [=](int variant, const Call& call) {
        return frames::normalize(variant, call.out[0], call.in[0], pixels, channels, k, dtype, call.stream);
    };
    c.oracle = [=](const Values& in, Values& out) {
        for (size_t i = 0; i < in[0].size(); ++i) {
            const size_t channel = i % static_cast<size_t>(channels);
            out[0][i] = (in[0][i] / 255 - static_cast<double>(k.mean[channel])) / static_cast<double>(k.std[channel]);
        }
    };
    lab.add(std::move(c));
}
}  // namespace

void register_frames(Lab& lab) {
    for (kn_dtype dtype : {KN_F32, KN_BF16}) {
        for (int64_t pixels : {int64_t{1}, int64_t{85}, int64_t{1600}}) add_normalize(lab, pixels, 3, dtype);
        add_normalize(lab, 31, 1, dtype);
        add_normalize(lab, 31, 4, dtype);
    }
    // 8 clips of 16 frames
    lab.full_size([](Lab& l) { add_normalize(l, int64_t{8} * 16 * 224 * 224, 3, KN_BF16); });
}
}  // namespace kn::lab
