// The operands of a contrast against a queue, on the device.
#pragma once
#include "scores.h"

namespace kn::infonce {
/// 0 where the count is none that can be.
__device__ inline int counted(const int32_t* count, int rows) {
    if (count == nullptr) return rows;
    return *count >= 1 && *count <= rows ? *count : 0;
}

template <class T> struct Queue {
    const T *q, *k, *queue;
    const int32_t *count, *owners, *queue_owners;  // null where absent
    int rows, width, capacity;
    float inverse;  // 1 / temperature

    /// -1 where nothing is left out.
    __device__ int owner(int row) const { return owners == nullptr ? -1 : owners[row]; }
    __device__ bool is_own(int owner, int64_t key) const { return owner != -1 && queue_owners[key] == owner; }
};

template <class T> Queue<T> queue_of(const Contrast& c) {
    return {address<const T>(c.q),
            address<const T>(c.k),
            address<const T>(c.queue),
            address<const int32_t>(c.count),
            address<const int32_t>(c.owners),
            address<const int32_t>(c.queue_owners),
            static_cast<int>(c.rows),
            static_cast<int>(c.width),
            static_cast<int>(c.capacity),
            static_cast<float>(1 / c.temperature)};
}
}  // namespace kn::infonce
