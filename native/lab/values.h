// What goes to the device and comes back: numbers in double, and their bytes in a dtype.
#pragma once
#include <random>
#include <vector>

#include "lab.h"

namespace kn::lab {
using Bytes = std::vector<unsigned char>;

/// Rounds to nearest, ties to even; to must have room for all.
void encode(const std::vector<double>& values, kn_dtype dtype, unsigned char* to);
std::vector<double> decode(const unsigned char* from, kn_dtype dtype, int64_t count);

/// count elements of an input, as it says they are drawn.
Bytes draw(const Input& in, int64_t count, std::mt19937_64& random);
}  // namespace kn::lab
