package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Euclidean norm of all elements of all inputs together: []. */
public record GlobalNorm() implements Op {
    public static Value of(List<Value> values) {
        return values.get(0).graph().append(new GlobalNorm(), values).output(0);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.that(this, !in.isEmpty(), "needs at least one input");
        Require.floats(this, in);
        return List.of(Type.f32());
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return in.stream().mapToLong(t -> 2 * t.shape().elements()).sum();
    }
}
