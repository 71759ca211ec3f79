package dev.kinema.nn;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Relu;

/** The function between two linear layers. */
public enum Activation {
    RELU,
    /** The exact one, by erf. */
    GELU,
    /** The approximation by tanh, GPT-2's. */
    GELU_TANH;

    public Value apply(Value x) {
        return switch (this) {
            case RELU -> Relu.of(x);
            case GELU -> Gelu.of(x, Gelu.Form.ERF);
            case GELU_TANH -> Gelu.of(x, Gelu.Form.TANH);
        };
    }
}
