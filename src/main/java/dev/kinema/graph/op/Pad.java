package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Puts {@code before} and {@code after} zeros around x along {@code axis}. */
public record Pad(int axis, int before, int after) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.axis(this, in.get(0), axis);
        Require.that(this, before >= 0 && after >= 0, "padding must not be negative, got " + before + " and " + after);
        Shape x = in.get(0).shape();
        return List.of(Type.f32(x.with(axis, before + x.dim(axis) + after)));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {Slice.of(b.grad(), axis, before, b.in(0).shape().dim(axis))};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
