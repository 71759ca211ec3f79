// Many tensors in one launch: a table of their addresses travels as an argument of the kernel, so that a captured graph keeps it.
#pragma once
#include "kernel.h"

namespace kn {
/// Rows of COLUMNS numbers a tensor, of which the last is its elements. An argument list ends at 4096 bytes.
template <int COLUMNS> struct Tensors {
    static constexpr int CAPACITY = 3800 / (8 * COLUMNS + 4);
    int64_t rows[CAPACITY][COLUMNS];
    int32_t first[CAPACITY + 1];  // the block at which each begins; then how many blocks there are
    int32_t count;

    /// Which tensor a block works on.
    __device__ int of_block(int block) const {
        int low = 0, high = count - 1;
        while (low < high) {
            const int middle = (low + high + 1) / 2;
            if (first[middle] <= block) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }
};

/// How many blocks all tensors need, per_block elements each.
template <int COLUMNS> int64_t blocks_of(const int64_t* tensors, int64_t count, int64_t per_block) {
    int64_t blocks = 0;
    for (int64_t t = 0; t < count; ++t) blocks += ceil_div(tensors[t * COLUMNS + COLUMNS - 1], per_block);
    return blocks;
}

/// Calls launch(table, blocks, blocks before) until all tensors that have elements have been in a table.
template <int COLUMNS, class F> void for_tables(const int64_t* tensors, int64_t count, int64_t per_block, F&& launch) {
    int64_t before = 0;
    for (int64_t next = 0; next < count;) {
        Tensors<COLUMNS> table{};
        for (; next < count && table.count < Tensors<COLUMNS>::CAPACITY; ++next) {
            const int64_t* row = tensors + next * COLUMNS;
            const int64_t blocks = ceil_div(row[COLUMNS - 1], per_block);
            if (blocks == 0) continue;
            for (int c = 0; c < COLUMNS; ++c) table.rows[table.count][c] = row[c];
            table.first[table.count + 1] = table.first[table.count] + static_cast<int32_t>(blocks);
            ++table.count;
        }
        const int32_t blocks = table.first[table.count];
        if (blocks > 0) launch(table, static_cast<unsigned>(blocks), before);
        before += blocks;
    }
}
}  // namespace kn
