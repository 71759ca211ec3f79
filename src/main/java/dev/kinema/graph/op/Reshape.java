package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** The same elements in row-major order under another shape. */
public record Reshape(Shape shape) implements Op {
    public static Value of(Value x, Shape shape) {
        return x.shape().equals(shape) ? x : x.graph().add(new Reshape(shape), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.that(this, in.get(0).shape().elements() == shape.elements(), in.get(0) + " has "
            + in.get(0).shape().elements() + " elements and " + shape + " has " + shape.elements());
        return List.of(new Type(in.get(0).dtype(), shape));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {of(b.grad(), b.in(0).shape())};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }

    /** Nothing moves. */
    @Override
    public long bytes(List<Type> in, List<Type> out) {
        return 0;
    }
}
