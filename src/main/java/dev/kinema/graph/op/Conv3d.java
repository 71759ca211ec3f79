package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * 3D convolution (cross-correlation, dilation 1, one group): x [N, T, H, W, I], weight [O, I, kT, kH, kW] as PyTorch stores it, to
 * [N, T', H', W', O]; zero padding.
 */
public record Conv3d(Extent stride, Extent padding) implements Op {
    public static Value of(Value x, Value weight, Extent stride, Extent padding) {
        return x.graph().add(new Conv3d(stride, padding), x, weight);
    }

    static Extent kernel(Op op, Type weight) {
        Require.rank(op, "weight", weight, 5);
        Shape s = weight.shape();
        return new Extent(s.dim(2), s.dim(3), s.dim(4));
    }

    static Shape output(Op op, Type x, Type weight, Extent stride, Extent padding) {
        Require.rank(op, "x", x, 5);
        Window window = new Window(kernel(op, weight), stride, padding);
        Require.that(op, x.shape().last() == weight.shape().dim(1),
            "x has " + x.shape().last() + " channels and the weight takes " + weight.shape().dim(1) + ": " + x + ", " + weight);
        return window.output(op, x.shape(), weight.shape().dim(0));
    }

    /** Multiply-adds counted as two, taps that fall on the padding included. */
    static long flops(Shape out, Shape weight) {
        return 2 * out.product(0, 4) * weight.elements();
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        return List.of(Type.f32(output(this, in.get(0), in.get(1), stride, padding)));
    }

    @Override
    public Value[] gradient(Backward b) {
        Value dx = b.needs(0) ? b.graph().add(new Conv3dInputGradient(stride, padding, b.in(0).shape()), b.grad(), b.in(1)) : null;
        Value dw = b.needs(1) ? b.graph().add(new Conv3dWeightGradient(stride, padding, b.in(1).shape()), b.in(0), b.grad()) : null;
        return new Value[] {dx, dw};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return flops(out.get(0).shape(), in.get(1).shape());
    }
}
