package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Where mask (uint8, the first axes of a) is not 0 a, else b; b has the shape of a or of its last axes. With b a learned [MASK] token it
 * is the masking of mask prediction.
 */
public record Select() implements Op {
    public static Value of(Value mask, Value a, Value b) {
        return a.graph().add(new Select(), mask, a, b);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.dtype(this, "mask", in.get(0), DType.U8);
        Require.floats(this, in.subList(1, 3));
        Require.that(this, in.get(0).shape().isPrefixOf(in.get(1).shape()),
            "the mask must have the first axes of a: " + in.get(0) + ", " + in.get(1));
        Require.suffix(this, in.get(2), in.get(1));
        return List.of(in.get(1));
    }

    @Override
    public Value[] gradient(Backward b) {
        Value da = b.needs(1) ? of(b.in(0), b.grad(), Fill.scalar(b.graph(), 0)) : null;
        Value db = null;
        if (b.needs(2)) {
            Value others = of(b.in(0), Fill.of(b.graph(), b.grad().shape(), 0), b.grad());
            db = Reduce.leading(others, b.in(2).shape());
        }
        return new Value[] {null, da, db};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
