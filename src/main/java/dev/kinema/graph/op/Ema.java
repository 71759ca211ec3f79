package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** target = decay * target + (1 - decay) * source, with decay a scalar value. Writes target. */
public record Ema() implements Op {
    public static Value of(Value target, Value source, Value decay) {
        return target.graph().add(new Ema(), target, source, decay);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.floats(this, in);
        Require.shape(this, "source", in.get(1), in.get(0).shape());
        Require.shape(this, "decay", in.get(2), Shape.SCALAR);
        return List.of(in.get(0));
    }

    @Override
    public int[] writes() {
        return new int[] {0};
    }
}
