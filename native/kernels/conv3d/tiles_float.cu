// The tiled convolutions of float.
#include "tiles.h"

namespace kn::conv3d {
template struct Tiled<float>;
}  // namespace kn::conv3d
