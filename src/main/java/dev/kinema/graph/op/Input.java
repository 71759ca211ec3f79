package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import java.util.List;

/** A value that the caller fills before each run. */
public record Input(String name, Type type) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 0);
        return List.of(type);
    }

    @Override
    public long bytes(List<Type> in, List<Type> out) {
        return 0;
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }
}
