package dev.kinema.graph.op;

import dev.kinema.graph.Initializer;
import dev.kinema.graph.Type;
import java.util.List;

/** A named weight or state; its value lives in the device's weights and survives runs. */
public record Variable(String name, Type type, Initializer initializer, boolean trained) implements Op {
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
