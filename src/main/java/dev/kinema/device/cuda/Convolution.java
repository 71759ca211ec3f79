package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Extent;

/**
 * A kind of convolution in one of its directions. Forward, y = relu?(conv(a, b) + bias + added) with a = x and the weights b; the gradient
 * of the input from a = dy and b; that of the weights, in F32, from a = x and b = dy.
 *
 * @param x the shape of the input, [n, t, h, w, i]
 * @param weight [o, i, kt, kh, kw]
 * @param biased whether there is a bias[o], in F32; forward alone
 * @param residual whether something of y's shape is added; forward alone
 * @param relu forward alone
 * @param dtype of maps, and of weights as they are read
 */
record Convolution(Direction direction, Shape x, Shape weight, Extent stride, Extent padding, boolean biased, boolean residual,
        boolean relu, DType dtype) implements Contraction {
    /** What is computed. */
    enum Direction { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT }

    /** A gradient, which nothing follows. */
    static Convolution gradient(Direction direction, Shape x, Shape weight, Extent stride, Extent padding, DType dtype) {
        return new Convolution(direction, x, weight, stride, padding, false, false, false, dtype);
    }

    /** The shape of what forward computes, [n, t', h', w', o]. */
    Shape output() {
        return Shape.of(x.dim(0), (x.dim(1) + 2 * padding.t() - weight.dim(2)) / stride.t() + 1,
            (x.dim(2) + 2 * padding.h() - weight.dim(3)) / stride.h() + 1, (x.dim(3) + 2 * padding.w() - weight.dim(4)) / stride.w() + 1,
            weight.dim(0));
    }

    /** kt kh kw. */
    long taps() {
        return weight.product(2, 5);
    }

    /** How many elements the weights have when packed for our kernels. */
    long packedElements() {
        return Kinema.kn_conv3d_packed_elements(weight.dim(0), weight.dim(1), weight.dim(2), weight.dim(3), weight.dim(4), code());
    }

    /** The type as the C interface numbers it. */
    int code() {
        return Buffer.code(dtype);
    }

    @Override
    public long bytesOfY() {
        return switch (direction) {
            case FORWARD -> bytes(output());
            case INPUT_GRADIENT -> bytes(x);
            case WEIGHT_GRADIENT -> weight.elements() * Float.BYTES;
        };
    }

    @Override
    public long bytesOfA() {
        return bytes(direction == Direction.INPUT_GRADIENT ? output() : x);
    }

    @Override
    public long bytesOfB() {
        return direction == Direction.WEIGHT_GRADIENT ? bytes(output()) : packedElements() * dtype.bytes();
    }

    @Override
    public long bytesOfBias() {
        return biased ? (long) weight.dim(0) * Float.BYTES : 0;
    }

    @Override
    public long bytesOfAdded() {
        return residual ? bytes(output()) : 0;
    }

    private long bytes(Shape map) {
        return map.elements() * dtype.bytes();
    }

    @Override
    public long workspaceBytes() {
        return switch (direction) {
            case FORWARD -> Kinema.kn_conv3d_forward_workspace(x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(4), weight.dim(0),
                weight.dim(2), weight.dim(3), weight.dim(4), stride.t(), stride.h(), stride.w(), padding.t(), padding.h(), padding.w(),
                code());
            case INPUT_GRADIENT -> 0;
            case WEIGHT_GRADIENT -> Kinema.kn_conv3d_weight_gradient_workspace(x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(4),
                weight.dim(0), weight.dim(2), weight.dim(3), weight.dim(4), stride.t(), stride.h(), stride.w(), padding.t(), padding.h(),
                padding.w(), code());
        };
    }

    @Override
    public int run(long y, long a, long b, long bias, long added, long workspace, long stream) {
        return switch (direction) {
            case FORWARD -> Kinema.kn_conv3d_forward(y, a, b, 0, bias, added, x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(4),
                weight.dim(0), weight.dim(2), weight.dim(3), weight.dim(4), stride.t(), stride.h(), stride.w(), padding.t(), padding.h(),
                padding.w(), relu ? 1 : 0, code(), workspace, stream);
            case INPUT_GRADIENT -> Kinema.kn_conv3d_input_gradient(y, a, b, x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(4), weight.dim(0),
                weight.dim(2), weight.dim(3), weight.dim(4), stride.t(), stride.h(), stride.w(), padding.t(), padding.h(), padding.w(),
                code(), stream);
            case WEIGHT_GRADIENT -> Kinema.kn_conv3d_weight_gradient(y, a, b, x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(4),
                weight.dim(0), weight.dim(2), weight.dim(3), weight.dim(4), stride.t(), stride.h(), stride.w(), padding.t(), padding.h(),
                padding.w(), code(), workspace, stream);
        };
    }

    @Override
    public String toString() {
        String what = switch (direction) {
            case FORWARD -> "a convolution";
            case INPUT_GRADIENT -> "the gradient of the input of a convolution";
            case WEIGHT_GRADIENT -> "the gradient of the weights of a convolution";
        };
        return what + " of " + x + " with " + weight + ", stride " + stride + ", padding " + padding + ", " + dtype
            + (biased ? ", bias" : "") + (residual ? ", residual" : "") + (relu ? ", ReLU" : "");
    }
}
