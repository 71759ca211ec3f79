package dev.kinema.nn;

import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;

/**
 * y = x weight^T + bias over the last axis: [..., inputs] to [..., outputs]. Variables {@code weight} [outputs, inputs] and, where
 * {@code biased}, {@code bias} [outputs].
 */
public record Linear(int inputs, int outputs, boolean biased, Initializer weight, Initializer bias) {

    /** Starts as PyTorch's Linear: weight and bias uniform within 1 / sqrt(inputs). */
    public static Linear of(int inputs, int outputs) {
        Initializer start = new Initializer.Uniform(1 / Math.sqrt(inputs));
        return new Linear(inputs, outputs, true, start, start);
    }

    /** Weight normal with {@code std}, bias 0: PySlowFast's classifiers (FC_INIT_STD). */
    public static Linear normal(int inputs, int outputs, double std) {
        return new Linear(inputs, outputs, true, new Initializer.Normal(std), Initializer.ZEROS);
    }

    /** Weight uniform within sqrt(3 / inputs), bias 0: Caffe2's XavierFill, for PySlowFast's projection heads. */
    public static Linear xavier(int inputs, int outputs, boolean biased) {
        return new Linear(inputs, outputs, biased, new Initializer.Uniform(Math.sqrt(3.0 / inputs)), Initializer.ZEROS);
    }

    public Value apply(Pass pass, Value x) {
        Value w = pass.parameter("weight", Shape.of(outputs, inputs), weight);
        Value b = biased ? pass.parameter("bias", Shape.of(outputs), bias) : null;
        return dev.kinema.graph.op.Linear.of(x, w, b);
    }
}
