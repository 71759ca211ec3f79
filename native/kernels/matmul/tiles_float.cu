// The tiled products of float.
#include "tiles.h"

namespace kn::matmul {
void launch_tiles_float(int size, bool aligned, const Product& p, const ChainEpilogue& e, kn_handle stream) {
    launch_type<float>(size, aligned, p, e, stream);
}
}  // namespace kn::matmul
