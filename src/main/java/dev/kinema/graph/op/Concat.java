package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Joins values along {@code axis}; their other axes are equal. */
public record Concat(int axis) implements Op {
    public static Value of(int axis, Value... parts) {
        return parts[0].graph().add(new Concat(axis), parts);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.that(this, !in.isEmpty(), "needs at least one part");
        Require.floats(this, in);
        Require.axis(this, in.get(0), axis);
        int size = 0;
        for (Type part : in) {
            Require.that(this, part.shape().rank() == in.get(0).shape().rank()
                && part.shape().with(axis, 1).equals(in.get(0).shape().with(axis, 1)), "parts differ off axis " + axis + ": " + in);
            size += part.shape().dim(axis);
        }
        return List.of(Type.f32(in.get(0).shape().with(axis, size)));
    }

    @Override
    public Value[] gradient(Backward b) {
        Value[] back = new Value[b.inputs()];
        int start = 0;
        for (int i = 0; i < back.length; i++) {
            int size = b.in(i).shape().dim(axis);
            back[i] = b.needs(i) ? Slice.of(b.grad(), axis, start, size) : null;
            start += size;
        }
        return back;
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
