package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** x * Phi(x) with the exact normal distribution function (erf), Hendrycks and Gimpel, arXiv:1606.08415. */
public record Gelu() implements Op {
    public static Value of(Value x) {
        return x.graph().add(new Gelu(), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new GeluGradient(), b.grad(), b.in(0))};
    }
}
