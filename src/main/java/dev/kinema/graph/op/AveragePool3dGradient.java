package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From dy of {@link AveragePool3d} to dx of shape {@code input}. */
public record AveragePool3dGradient(Window window, Shape input) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.shape(this, "dy", in.get(0), window.output(this, input, input.last()));
        return List.of(Type.f32(input));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return in.get(0).shape().elements() * window.kernel().volume();
    }
}
