package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Maximum over a window of [N, T, H, W, C]; padding never wins. The second output [N, T', H', W', C] is which tap won, counted
 * (t * kH + h) * kW + w inside the kernel, the first of equals; it is for the backward pass, and devices may store it in their own form.
 */
public record MaxPool3d(Window window) implements Op {
    public static Value of(Value x, Extent kernel, Extent stride, Extent padding) {
        return x.graph().add(new MaxPool3d(new Window(kernel, stride, padding)), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.rank(this, "x", in.get(0), 5);
        Require.that(this, 2 * window.padding().t() <= window.kernel().t() && 2 * window.padding().h() <= window.kernel().h()
            && 2 * window.padding().w() <= window.kernel().w(), "padding must be at most half the kernel: " + window);
        Shape out = window.output(this, in.get(0).shape(), in.get(0).shape().last());
        return List.of(Type.f32(out), new Type(DType.I32, out));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new MaxPool3dGradient(window, b.in(0).shape()), b.grad(), b.out(1))};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return out.get(0).shape().elements() * window.kernel().volume();
    }
}
