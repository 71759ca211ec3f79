// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::frames {
// 1: a byte a thread; 2: 16 bytes a thread, through a table of all levels
constexpr int VARIANTS = 2;
constexpr int MOST_CHANNELS = 4;

struct Constants {
    float mean[MOST_CHANNELS], std[MOST_CHANNELS];
};

kn_status normalize(int variant, kn_dptr y, kn_dptr x, int64_t pixels, int64_t channels, const Constants& constants, kn_dtype dtype,
                    kn_handle stream);
}  // namespace kn::frames
