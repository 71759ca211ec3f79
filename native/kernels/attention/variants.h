// The variants, in a file each; shapes have been checked.
#pragma once
#include "attention.h"

namespace kn::attention {
void launch_forward_plain(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream);
void launch_gradient_plain(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr y, kn_dptr log_sums, const Operands& o,
                           kn_handle stream);

constexpr int SHORT = 8;  // queries and keys at most
bool is_short(const Operands& o);
void launch_forward_short(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream);
void launch_gradient_short(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, const Operands& o, kn_handle stream);

/// Depths of whole 16 bytes up to 128. The workspace is as kn_attention_gradient_workspace says.
bool is_for_tiles(const Operands& o);
void launch_forward_tiles(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream);
void launch_gradient_tiles(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr y, kn_dptr log_sums, const Operands& o,
                           kn_dptr workspace, kn_handle stream);
/// Those of bf16; along[batch, heads, queries]: dy . y of each query.
void launch_forward_tensor(kn_dptr y, kn_dptr log_sums, const Operands& o, kn_handle stream);
void launch_gradient_tensor(kn_dptr dq, kn_dptr dk, kn_dptr dv, kn_dptr dy, kn_dptr log_sums, kn_dptr along, const Operands& o,
                            kn_handle stream);
}  // namespace kn::attention
