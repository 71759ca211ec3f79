package dev.kinema.graph.op;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From dy and the winners of {@link MaxPool3d} to dx of shape {@code input}. */
public record MaxPool3dGradient(Window window, Shape input) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.dtype(this, "dy", in.get(0), DType.F32);
        Require.shape(this, "dy", in.get(0), window.output(this, input, input.last()));
        Require.shape(this, "winners", in.get(1), in.get(0).shape());
        return List.of(Type.f32(input));
    }
}
