// Division by a number that stays, as a multiplication: kernels that turn an index into coordinates would else spend most of their
// instructions on it.
#pragma once
#include "kernel.h"

namespace kn {
/// With 2^s the largest power of two below d, and f = ceil(2^(32 + s) / d), n / d = n f / 2^(32 + s), rounded down, for n below 2^31: f d
/// is less than 2^(s + 1) above 2^(32 + s), so that the quotient is less than 1 / d too large (Granlund and Montgomery, PLDI 1994,
/// section 4).
class Divisor {
  public:
    Divisor() = default;
    /// d: 1 to 2^31 - 1.
    explicit Divisor(int64_t d) : by_(static_cast<int>(d)) {
        if (d == 1) return;
        while (int64_t{2} << shift_ < d) ++shift_;
        factor_ = static_cast<uint32_t>(((uint64_t{1} << (32 + shift_)) + static_cast<uint64_t>(d) - 1) / static_cast<uint64_t>(d));
    }

    __device__ int of(int n) const { return by_ == 1 ? n : static_cast<int>(__umulhi(static_cast<uint32_t>(n), factor_) >> shift_); }

    /// n / d, with the rest.
    __device__ int of(int n, int* rest) const {
        const int quotient = of(n);
        *rest = n - quotient * by_;
        return quotient;
    }

  private:
    int by_ = 1, shift_ = 0;
    uint32_t factor_ = 0;
};
}  // namespace kn
