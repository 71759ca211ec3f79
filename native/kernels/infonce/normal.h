// Rows that a contrast normalises on its way, and the way back through that.
#pragma once
#include "scores.h"

namespace kn::infonce {
/// unit = x / norm of each row, in float; all are null where rows are taken as they are. Back from it, x is not read.
struct Normal {
    const float* x;
    float *unit, *norms;
    float epsilon;

    explicit Normal(const Raw& r)
        : x(address<const float>(r.x)), unit(address<float>(r.unit)), norms(address<float>(r.norms)),
          epsilon(static_cast<float>(r.epsilon)) {}

    /// What a row is multiplied by; all lanes of a warp to call it.
    __device__ float scale(int64_t row, int width, int lane) const {
        float sum = 0.f;
        for (int i = lane; i < width; i += WARP_SIZE) sum += x[row * width + i] * x[row * width + i];
        const float norm = sqrtf(warp_sum(sum));
        if (lane == 0) norms[row] = norm;
        return 1.f / fmaxf(norm, epsilon);
    }

    /// dx[i] = (dy(i) - unit[i] (unit . dy)) / norm of a row, or dy(i) where nothing was normalised. All threads of the block call it;
    /// each asks for its own columns, THREADS apart, twice before it writes them, so that dy may be of dx. scratch: block_reduce's.
    template <class Gradient> __device__ void back(float* dx, int64_t row, int width, float* scratch, const Gradient& dy) const {
        const int64_t first = row * width;
        float along = 0.f, scale = 1.f;
        if (norms != nullptr) {
            for (int i = static_cast<int>(threadIdx.x); i < width; i += THREADS) along += dy(i) * unit[first + i];
            along = block_reduce<Sum, THREADS>(along, scratch);
            if (norms[row] < epsilon) along = 0.f;
            scale = 1.f / fmaxf(norms[row], epsilon);
        }
        for (int i = static_cast<int>(threadIdx.x); i < width; i += THREADS) {
            dx[i] = scale * (norms == nullptr ? dy(i) : dy(i) - unit[first + i] * along);
        }
    }
};
}  // namespace kn::infonce
