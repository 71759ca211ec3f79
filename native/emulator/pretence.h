// What the emulated device pretends to be, for tests of what happens in trouble: kn_emulate() in kinema.h.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace simt {
struct Pretence {
    std::atomic<int64_t> memory{int64_t{16} << 30}, devices{1}, driver{13000}, capability{80};
    std::atomic<int64_t> shared{163 * 1024};      // bytes that a block can ask for
    std::atomic<int64_t> refusal{-1}, fault{-1};  // launches and kernels until it comes to that; negative: never
    std::atomic<bool> broken{false};              // whether the fault has happened
    std::atomic<int64_t> late{0};                 // what is done late: 0 copies between host and device, 1 all else, 2 everything
    std::atomic<int64_t> used{0};                 // bytes of the device's memory

    static Pretence& instance() {
        static Pretence pretence;
        return pretence;
    }

    /// Counts down to the one that is meant.
    static bool comes(std::atomic<int64_t>& left) {
        if (left < 0) return false;
        return left.fetch_sub(1) == 0;
    }
};
}  // namespace simt
