// The tiled products of bf16, apart from those of float so that the two compile at once.
#include "tiles.h"

namespace kn::matmul {
void launch_tiles_bf16(int size, bool aligned, const Product& p, const ChainEpilogue& e, kn_handle stream) {
    launch_type<bf16>(size, aligned, p, e, stream);
}
}  // namespace kn::matmul
