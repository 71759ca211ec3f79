package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** x * Phi(x), Phi the normal distribution function: Hendrycks and Gimpel, arXiv:1606.08415. */
public record Gelu(Form form) implements Op {
    /** How Phi is computed. */
    public enum Form {
        /** Exactly: (1 + erf(x / sqrt(2))) / 2. */
        ERF,
        /** Section 2's approximation, which GPT-2 has: (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2. */
        TANH
    }

    /** The exact one. */
    public static Value of(Value x) {
        return of(x, Form.ERF);
    }

    public static Value of(Value x, Form form) {
        return x.graph().add(new Gelu(form), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new GeluGradient(form), b.grad(), b.in(0))};
    }
}
