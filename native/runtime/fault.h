// How a kernel says that an index or a label is none: see "fault word" in kinema.h.
#pragma once
#include "kernel.h"

namespace kn {
using Fault = unsigned long long;

/// Of several the largest stays, so that the word is the same in each run. fault may be null.
__device__ inline void report(Fault* fault, int32_t value) {
    if (fault != nullptr) atomicMax(fault, 1ULL << 32 | static_cast<uint32_t>(value));
}
}  // namespace kn
