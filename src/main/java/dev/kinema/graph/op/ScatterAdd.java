package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** The transpose of {@link Gather}: adds the slices of x to those of a zero value of shape {@code output} that the indices int32 name. */
public record ScatterAdd(int axis, Shape output) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.dtype(this, "x", in.get(0), DType.F32);
        Require.dtype(this, "indices", in.get(1), DType.I32);
        Require.axis(this, Type.f32(output), axis);
        Require.shape(this, "x", in.get(0),
            output.sub(0, axis).append(in.get(1).shape()).append(output.sub(axis + 1, output.rank())));
        return List.of(Type.f32(output));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {Gather.of(b.grad(), b.in(1), axis), null};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return in.get(0).shape().elements();
    }

    /** The slices and indices read, the output zeroed, and the named entries read and written. */
    @Override
    public long bytes(List<Type> in, List<Type> out) {
        return 3 * in.get(0).bytes() + in.get(1).bytes() + out.get(0).bytes();
    }
}
