package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** The same value, through which no gradient flows. */
public record StopGradient() implements Op {
    public static Value of(Value x) {
        return x.graph().add(new StopGradient(), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[1];
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
