package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Picks along {@code axis} by indices int32 of any shape: x[..., n, ...] to x[..., indices' axes, ...]. With axis 0 and a table [V, D] it is
 * the embedding. An index outside the axis is an error when the program runs.
 */
public record Gather(int axis) implements Op {
    public static Value of(Value x, Value indices, int axis) {
        return x.graph().add(new Gather(axis), x, indices);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.dtype(this, "x", in.get(0), DType.F32);
        Require.dtype(this, "indices", in.get(1), DType.I32);
        Require.axis(this, in.get(0), axis);
        Shape x = in.get(0).shape();
        return List.of(Type.f32(x.sub(0, axis).append(in.get(1).shape()).append(x.sub(axis + 1, x.rank()))));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new ScatterAdd(axis, b.in(0).shape()), b.grad(), b.in(1)), null};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }

    /** The picked entries, read and written, and the indices. */
    @Override
    public long bytes(List<Type> in, List<Type> out) {
        return 2 * out.get(0).bytes() + in.get(1).bytes();
    }
}
