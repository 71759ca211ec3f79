package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import java.util.List;

/** From dy and the input x of {@link Gelu}: dy * (Phi(x) + x Phi'(x)), for Phi in that form. */
public record GeluGradient(Gelu.Form form) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.shape(this, "x", in.get(1), in.get(0).shape());
        return List.of(in.get(0));
    }
}
