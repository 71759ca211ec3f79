// The variants of the contrast against a queue, in a file each, and what they share; shapes have been checked.
#pragma once
#include "infonce.h"

namespace kn::infonce {
struct Workspace;

bool is_for_tensor_cores(int64_t width, int64_t capacity, kn_dtype dtype);
/// How many parts the queue is split into; pulls: for the gradient too.
int64_t tensor_splits(int64_t rows, int64_t width, int64_t capacity, bool pulls);
/// sums: 0 for the loss alone.
void launch_tensor(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream);

/// The same in register tiles of float.
bool is_for_registers(int64_t width, int64_t capacity, kn_dtype dtype);
int64_t register_splits(int64_t rows, int64_t width, int64_t capacity);
void launch_registers(const Workspace& w, kn_dptr sums, const Contrast& c, kn_handle stream);

/// Of the pass alone.
int64_t wave_bytes(int64_t rows, int64_t capacity, kn_dtype dtype, bool pulls);
/// The queue as one part, whose sums are left in pulled; 0 for the loss alone.
kn_status launch_waves(const Workspace& w, kn_dptr pulled, const Contrast& c, kn_handle stream);

void launch_pairs(kn_dptr positives, const Raw& of_q, const Raw& of_k, const Contrast& c, kn_handle stream);
void launch_pull(kn_dptr dq, kn_dptr dk, kn_dptr dloss, kn_dptr pulled, kn_dptr negatives, const Raw& of_q, const Contrast& c,
                 kn_handle stream);
}  // namespace kn::infonce
