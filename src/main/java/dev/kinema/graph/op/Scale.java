package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** x * factor + offset, both constants. */
public record Scale(double factor, double offset) implements Op {
    public static Value of(Value x, double factor) {
        return of(x, factor, 0);
    }

    public static Value of(Value x, double factor, double offset) {
        return x.graph().add(new Scale(factor, offset), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {of(b.grad(), factor)};
    }
}
