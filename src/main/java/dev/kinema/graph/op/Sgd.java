package dev.kinema.graph.op;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/**
 * One step of stochastic gradient descent as PyTorch has it: g += weightDecay * p; buffer = momentum * buffer + (1 - dampening) * g,
 * on step 1 buffer = g; direction = g + momentum * buffer with Nesterov, else buffer; p -= rate * direction.
 *
 * <p>Inputs p, g, rate [] and, with momentum, buffer and step int64 [1] (1 at the first update). Writes p and buffer.
 */
public record Sgd(double momentum, double dampening, boolean nesterov, double weightDecay) implements Op {
    static List<Type> infer(Op op, boolean buffered, List<Type> in) {
        Require.inputs(op, in, buffered ? 5 : 3);
        Require.shape(op, "gradient", in.get(1), in.get(0).shape());
        Require.shape(op, "rate", in.get(2), Shape.SCALAR);
        if (!buffered) {
            return List.of(in.get(0));
        }
        Require.shape(op, "buffer", in.get(3), in.get(0).shape());
        checkStep(op, in.get(4));
        return List.of(in.get(0), in.get(3));
    }

    static void checkStep(Op op, Type step) {
        Require.dtype(op, "step", step, DType.I64);
        Require.shape(op, "step", step, Shape.of(1));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        return infer(this, momentum != 0, in);
    }

    @Override
    public int[] writes() {
        return momentum == 0 ? new int[] {0} : new int[] {0, 3};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 8 * in.get(0).shape().elements();
    }
}
