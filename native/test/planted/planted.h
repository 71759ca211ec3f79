// Faults for the tests of what finds faults.
#pragma once
#include "../../include/kinema.h"

namespace kn::planted {
constexpr int64_t ELEMENTS = 64;

enum class Fault { NONE, OVERFLOW, RACE, STATIC };

/// y[ELEMENTS]: ones for OVERFLOW, which writes one more; for STATIC, which writes beyond a static __shared__ array, undefined; else
/// x[ELEMENTS] in reverse order.
kn_status run(Fault fault, kn_dptr y, kn_dptr x, kn_handle stream);
}  // namespace kn::planted
