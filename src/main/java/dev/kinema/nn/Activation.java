package dev.kinema.nn;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Relu;

/** The function between two linear layers. */
public enum Activation {
    RELU,
    /** The exact one, by erf. */
    GELU;

    public Value apply(Value x) {
        return this == RELU ? Relu.of(x) : Gelu.of(x);
    }
}
