package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Mean over a window of [N, T, H, W, C]; padding counts as zeros in the mean, as in PyTorch's default. */
public record AveragePool3d(Window window) implements Op {
    public static Value of(Value x, Extent kernel, Extent stride, Extent padding) {
        return x.graph().add(new AveragePool3d(new Window(kernel, stride, padding)), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.rank(this, "x", in.get(0), 5);
        return List.of(Type.f32(window.output(this, in.get(0).shape(), in.get(0).shape().last())));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new AveragePool3dGradient(window, b.in(0).shape()), b.grad())};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return out.get(0).shape().elements() * window.kernel().volume();
    }
}
