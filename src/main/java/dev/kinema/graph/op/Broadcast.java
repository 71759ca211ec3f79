package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Repeats x along {@code axes} (ascending, positions in {@code shape}) to reach {@code shape}: the transpose of a sum over them. */
public record Broadcast(Shape shape, List<Integer> axes) implements Op {
    public Broadcast {
        axes = List.copyOf(axes);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.shape(this, "x", in.get(0), Reduce.remaining(this, shape, axes));
        return List.of(Type.f32(shape));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new Reduce(Reduce.Kind.SUM, axes), b.grad())};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
