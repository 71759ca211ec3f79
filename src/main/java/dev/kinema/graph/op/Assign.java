package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** target = value. Writes target. */
public record Assign() implements Op {
    public static Value of(Value target, Value value) {
        return target.graph().add(new Assign(), target, value);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.that(this, in.get(0).equals(in.get(1)), "target and value differ: " + in.get(0) + ", " + in.get(1));
        return List.of(in.get(0));
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
