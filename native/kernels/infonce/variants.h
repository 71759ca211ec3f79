// The variants of the contrast against a queue, in a file each; shapes have been checked.
#pragma once
#include "infonce.h"

namespace kn::infonce {
bool is_for_tensor_cores(int64_t width, int64_t capacity, kn_dtype dtype);
int64_t tensor_loss_bytes(int64_t rows, int64_t capacity);
int64_t tensor_gradient_bytes(int64_t rows, int64_t width, int64_t capacity);
void launch_loss_tensor(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, const Contrast& c, kn_dptr workspace, kn_handle stream);
void launch_gradient_tensor(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_dptr workspace,
                            kn_handle stream);

/// The loss and, for launch_pull, pulled[rows, width] and negatives[rows].
bool has_one_pass(int64_t width, int64_t capacity, kn_dtype dtype);
int64_t one_pass_bytes(int64_t rows, int64_t width, int64_t capacity);
void launch_one_pass(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, kn_dptr pulled, kn_dptr negatives, const Contrast& c, kn_dptr workspace,
                     kn_handle stream);
void launch_pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Contrast& c, kn_handle stream);

int64_t wave_loss_bytes(int64_t rows, int64_t capacity);
int64_t wave_gradient_bytes(int64_t rows, int64_t capacity, kn_dtype dtype);
kn_status launch_loss_waves(kn_dptr loss, kn_dptr log_sums, kn_dptr ranks, const Contrast& c, kn_dptr workspace, kn_handle stream);
kn_status launch_gradient_waves(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr log_sums, const Contrast& c, kn_dptr workspace,
                                kn_handle stream);
}  // namespace kn::infonce
