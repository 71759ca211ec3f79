package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** 1 / (1 + exp(-x)). */
public record Sigmoid() implements Op {
    public static Value of(Value x) {
        return x.graph().add(new Sigmoid(), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {Mul.of(b.grad(), Mul.of(b.out(0), Scale.of(b.out(0), -1, 1)))};
    }
}
