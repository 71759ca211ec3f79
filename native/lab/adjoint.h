// Whether results agree with each other where nothing else is known of them: inner products that are one number.
#pragma once
#include "trial.h"

namespace kn::lab {
/// What is wrong with the inner products of a case's `adjoint`; empty if nothing, or where there are none.
///
/// Where A is linear, <y, Ax> = <A'y, x>, and for a convolution with weights w this is <dw, w>, too. An error d in a result r moves its product with
/// operands that were drawn independently by about |d| rms(operand), as the product itself is about |r| rms(operand): so a wrong part of the
/// results, or of what the directions of a convolution share, shows as far as it is a part of them, however many elements there are. What
/// rounding may make of it is the bound of the results, four times: a single draw may be some deviations off.
std::string adjoint_trouble(const Case& c, const Trial& trial, const std::vector<Bytes>& results);
}  // namespace kn::lab
