package dev.kinema.nn;

import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;

/** Normalises the last axis of [..., D] (Ba et al., arXiv:1607.06450). Variables {@code weight} and {@code bias} [D]. */
public record LayerNorm(double epsilon) {
    public Value apply(Pass pass, Value x) {
        Shape width = Shape.of(x.shape().last());
        Value weight = pass.parameter("weight", width, Initializer.ONES);
        Value bias = pass.parameter("bias", width, Initializer.ZEROS);
        return dev.kinema.graph.op.LayerNorm.of(x, weight, bias, epsilon);
    }
}
