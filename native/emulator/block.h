// What the scheduler and the emulated runtime interface share.
#pragma once
#include <functional>
#include <string>

#include "simt.h"

namespace simt {
/// Runs all blocks of a launch, in this thread and, where there is enough to do, the pool's. Returns an error report, empty if none.
std::string run_grid(const Kernel& kernel, const Body& body);
/// Why a launch of this form would be refused by a device; empty if it would not.
std::string refusal(const Kernel& kernel);
/// "kernel (file:line)", as reports name a launch.
std::string named(const Kernel& kernel);
}  // namespace simt
