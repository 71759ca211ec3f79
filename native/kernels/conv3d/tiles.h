// The tiled kernels for one type of elements, and the choice among their sizes; sizes are those of maps with filled channels.
#pragma once
#include "patches.h"
#include "phases.h"

namespace kn::conv3d {
template <class T, int SIZE> void launch_forward(kn_dptr x, kn_dptr packed, const matmul::Epilogue& e, const Sizes& s, kn_handle stream) {
    using Core = typename tile::Cores<T, SIZE, true, true>::Core;
    const int64_t across = ceil_div(s.o, Core::N);
    LAUNCH((forward_tiled<T, SIZE>), static_cast<unsigned>(across * ceil_div(s.out_pixels(), Core::M)), Core::THREADS,
           tile::SHARED_BYTES<Core>, stream_of(stream), Patches<T, true>(address<const T>(x), s), address<const T>(packed), e,
           static_cast<int>(across));
}

template <class T>
void Tiled<T>::forward(int size, kn_dptr x, kn_dptr packed, const matmul::Epilogue& e, const Sizes& s, kn_handle stream) {
    if (size == 2) launch_forward<T, 2>(x, packed, e, s, stream);
    if (size == 3) launch_forward<T, 3>(x, packed, e, s, stream);
    if (size == 4) launch_forward<T, 4>(x, packed, e, s, stream);
}

template <class T, int SIZE>
void launch_input_gradient(kn_dptr dy, kn_dptr packed, const matmul::Epilogue& e, const Sizes& s, const Packing& p, kn_handle stream) {
    using Core = typename tile::Cores<T, SIZE, true, false>::Core;
    const int64_t across = ceil_div(s.i, Core::N);
    const dim3 grid(static_cast<unsigned>(across * ceil_div(phase_pixels(s), Core::M)), static_cast<unsigned>(s.st * s.sh * s.sw));
    LAUNCH((input_gradient_tiled<T, SIZE>), grid, Core::THREADS, tile::SHARED_BYTES<Core>, stream_of(stream), address<const T>(dy),
           address<const T>(packed), e, s, p, Divisor(s.o), static_cast<int>(across));
}

template <class T>
void Tiled<T>::input_gradient(int size, kn_dptr dy, kn_dptr packed, const matmul::Epilogue& e, const Sizes& s, const Packing& p,
                              kn_handle stream) {
    if (size == 2) launch_input_gradient<T, 2>(dy, packed, e, s, p, stream);
    if (size == 3) launch_input_gradient<T, 3>(dy, packed, e, s, p, stream);
    if (size == 4) launch_input_gradient<T, 4>(dy, packed, e, s, p, stream);
}

template <class T, int SIZE>
void launch_weight_gradient(kn_dptr parts, kn_dptr x, kn_dptr dy, const Sizes& s, int64_t part, kn_handle stream) {
    using Core = typename tile::Cores<T, SIZE, false, false>::Core;
    const int64_t across = ceil_div(s.taps() * s.i, Core::N);
    const dim3 grid(static_cast<unsigned>(across * ceil_div(s.o, Core::M)), static_cast<unsigned>(ceil_div(s.out_pixels(), part)));
    LAUNCH((weight_gradient_tiled<T, SIZE>), grid, Core::THREADS, tile::SHARED_BYTES<Core>, stream_of(stream), address<float>(parts),
           Patches<T, false>(address<const T>(x), s), address<const T>(dy), static_cast<int>(part), static_cast<int>(across));
}

template <class T>
void Tiled<T>::weight_gradient(int size, kn_dptr parts, kn_dptr x, kn_dptr dy, const Sizes& s, int64_t part, kn_handle stream) {
    if (size == 2) launch_weight_gradient<T, 2>(parts, x, dy, s, part, stream);
    if (size == 3) launch_weight_gradient<T, 3>(parts, x, dy, s, part, stream);
    if (size == 4) launch_weight_gradient<T, 4>(parts, x, dy, s, part, stream);
}
}  // namespace kn::conv3d
