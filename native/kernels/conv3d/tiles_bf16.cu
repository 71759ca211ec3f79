// The tiled convolutions of bf16, apart from those of float so that the two compile at once.
#include "tiles.h"

namespace kn::conv3d {
template struct Tiled<bf16>;
}  // namespace kn::conv3d
