package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** max(x, 0). */
public record Relu() implements Op {
    public static Value of(Value x) {
        return x.graph().add(new Relu(), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new ReluGradient(), b.grad(), b.out(0))};
    }
}
