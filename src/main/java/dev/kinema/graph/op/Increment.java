package dev.kinema.graph.op;

import dev.kinema.graph.DType;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Adds {@code by} to the last element of an int64 counter: a step count, or the step of a random state (seed, step). Writes it. */
public record Increment(long by) implements Op {
    public static Value of(Value counter) {
        return counter.graph().add(new Increment(1), counter);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.dtype(this, "counter", in.get(0), DType.I64);
        return in;
    }

    @Override
    public int[] writes() {
        return new int[] {0};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
