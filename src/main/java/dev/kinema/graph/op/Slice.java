package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** {@code length} entries from {@code start} along {@code axis}. */
public record Slice(int axis, int start, int length) implements Op {
    public static Value of(Value x, int axis, int start, int length) {
        return x.graph().add(new Slice(axis, start, length), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.axis(this, in.get(0), axis);
        int size = in.get(0).shape().dim(axis);
        Require.that(this, start >= 0 && length >= 0 && start + length <= size, start + " to " + (start + length) + " is outside axis "
            + axis + " of " + in.get(0));
        return List.of(Type.f32(in.get(0).shape().with(axis, length)));
    }

    @Override
    public Value[] gradient(Backward b) {
        int size = b.in(0).shape().dim(axis);
        return new Value[] {b.graph().add(new Pad(axis, start, size - start - length), b.grad())};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
