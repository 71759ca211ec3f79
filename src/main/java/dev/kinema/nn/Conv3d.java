package dev.kinema.nn;

import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Extent;

/**
 * 3D convolution without bias: [N, T, H, W, I] to [N, T', H', W', outputs]. Variable {@code weight} [outputs, I, kT, kH, kW], which starts
 * normal with variance 2 / (outputs * kernel volume) (He et al., arXiv:1502.01852, eq. 14; Caffe2's MSRAFill).
 */
public record Conv3d(int outputs, Extent kernel, Extent stride, Extent padding) {

    /** Padding half the kernel, so that an odd kernel at stride 1 keeps the size. */
    public static Conv3d same(int outputs, Extent kernel, Extent stride) {
        return new Conv3d(outputs, kernel, stride, new Extent(kernel.t() / 2, kernel.h() / 2, kernel.w() / 2));
    }

    public Value apply(Pass pass, Value x) {
        Shape shape = Shape.of(outputs, x.shape().last(), kernel.t(), kernel.h(), kernel.w());
        double std = Math.sqrt(2.0 / ((double) outputs * kernel.volume()));
        Value weight = pass.parameter("weight", shape, new Initializer.Normal(std));
        return dev.kinema.graph.op.Conv3d.of(x, weight, stride, padding);
    }
}
