package dev.kinema.graph.op;

import dev.kinema.graph.Shape;

/**
 * A window sliding over [N, T, H, W, C] with zero padding on both sides: the geometry of convolution and pooling. Output size
 * along an axis is floor((size + 2 padding - kernel) / stride) + 1, as PyTorch has it.
 */
public record Window(Extent kernel, Extent stride, Extent padding) {

    public int outT(int t) {
        return out(t, kernel.t(), stride.t(), padding.t());
    }

    public int outH(int h) {
        return out(h, kernel.h(), stride.h(), padding.h());
    }

    public int outW(int w) {
        return out(w, kernel.w(), stride.w(), padding.w());
    }

    private static int out(int size, int kernel, int stride, int padding) {
        return Math.floorDiv(size + 2 * padding - kernel, stride) + 1;
    }

    /** Shape [N, T', H', W', channels] for an input [N, T, H, W, *]; {@code op} names who asks in the error. */
    Shape output(Op op, Shape in, int channels) {
        Require.that(op, stride.t() > 0 && stride.h() > 0 && stride.w() > 0, "strides must be positive, got " + stride);
        Require.that(op, kernel.volume() > 0, "kernel must be positive, got " + kernel);
        int t = outT(in.dim(1));
        int h = outH(in.dim(2));
        int w = outW(in.dim(3));
        Require.that(op, t > 0 && h > 0 && w > 0, "a kernel " + kernel + " with padding " + padding + " does not fit into an input " + in);
        return Shape.of(in.dim(0), t, h, w, channels);
    }

    @Override
    public String toString() {
        return "kernel " + kernel + ", stride " + stride + ", padding " + padding;
    }
}
