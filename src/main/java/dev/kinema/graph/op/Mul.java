package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** a * b element by element, where b has the shape of a or of its last axes. */
public record Mul() implements Op {
    public static Value of(Value a, Value b) {
        return a.graph().add(new Mul(), a, b);
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
        Value da = b.needs(0) ? of(b.grad(), b.in(1)) : null;
        Value db = b.needs(1) ? Reduce.leading(of(b.grad(), b.in(0)), b.in(1).shape()) : null;
        return new Value[] {da, db};
    }
}
