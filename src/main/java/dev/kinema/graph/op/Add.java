package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** a + b, where b has the shape of a or of its last axes (a bias, a table of positions, a scalar). */
public record Add() implements Op {
    public static Value of(Value a, Value b) {
        return a.graph().add(new Add(), a, b);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.suffix(this, in.get(1), in.get(0));
        return List.of(in.get(0));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.grad(), b.needs(1) ? Reduce.leading(b.grad(), b.in(1).shape()) : null};
    }
}
