package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** min(1, limit / (norm + 1e-6)) of a norm [], the factor of gradient clipping (PyTorch: clip_grad_norm_). */
public record ClipFactor(double limit) implements Op {
    public static Value of(Value norm, double limit) {
        return norm.graph().add(new ClipFactor(limit), norm);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.shape(this, "norm", in.get(0), Shape.SCALAR);
        Require.that(this, limit > 0, "the limit must be positive, got " + limit);
        return in;
    }
}
