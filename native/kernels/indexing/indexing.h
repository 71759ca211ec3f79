// What the lab needs of the family beyond the C interface: the same functions with a variant; 0 chooses as the C interface does.
#pragma once
#include "../../include/kinema.h"

namespace kn::indexing {
// gather, window, insert, select: 1 element by element, 2 with 16 bytes at a time
constexpr int VARIANTS = 2;
// 1 one thread an element of the table, 2 by sorted lists of what each entry gets
constexpr int SCATTER_VARIANTS = 2;
// 1 element by element, 2 with 16 bytes at a time, 3 by tiles in shared memory where the last axis is not x's
constexpr int STRIDED_VARIANTS = 3;
/// From so many units on they are counted in 64 bits, by which division is slower. Few in the emulator, so that both are seen to be right.
#if defined(__CUDACC__)
constexpr int64_t NARROW = int64_t{1} << 31;
#else
constexpr int64_t NARROW = 4096;
#endif

kn_status gather(int variant, kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                 int64_t count, kn_dtype dtype, kn_handle stream);
kn_status scatter_add(int variant, kn_dptr y, kn_dptr fault, kn_dptr x, kn_dptr indices, int64_t outer, int64_t size, int64_t inner,
                      int64_t count, kn_dtype dtype, kn_dptr workspace, kn_handle stream);
kn_status window(int variant, kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                 kn_handle stream);
kn_status insert(int variant, kn_dptr y, kn_dptr x, int64_t rows, int64_t y_width, int64_t x_width, int64_t start, kn_dtype dtype,
                 kn_handle stream);
kn_status strided(int variant, kn_dptr y, kn_dptr x, const int64_t (&sizes)[6], const int64_t (&steps)[6], kn_dtype dtype,
                  kn_handle stream);
kn_status select(int variant, kn_dptr y, kn_dptr mask, kn_dptr a, kn_dptr b, int64_t n, int64_t run, int64_t period, kn_dtype dtype,
                 kn_handle stream);
}  // namespace kn::indexing
