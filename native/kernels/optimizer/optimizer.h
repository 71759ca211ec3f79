// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::optimizer {
// 1: one element at a time; 2: four at a time
constexpr int VARIANTS = 2;

/// What a launch goes over: the table as kn_optimizer_blocks() has made it, in memory of the device.
struct Tensors {
    kn_dptr table;
    int64_t count, blocks;
};

kn_status sgd(int variant, const Tensors& tensors, double momentum, double dampening, int32_t nesterov, double weight_decay,
              kn_dtype gradients, kn_handle stream);
kn_status lars(int variant, const Tensors& tensors, double momentum, double dampening, int32_t nesterov, double weight_decay, double trust,
               double epsilon, int32_t clip, kn_dtype gradients, kn_dptr workspace, kn_handle stream);
kn_status adam(int variant, const Tensors& tensors, double beta1, double beta2, double epsilon, double weight_decay, int32_t decoupled,
               kn_dtype gradients, kn_handle stream);
kn_status average(int variant, const Tensors& tensors, kn_dtype gradients, kn_handle stream);
}  // namespace kn::optimizer
