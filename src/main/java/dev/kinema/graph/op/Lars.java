package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import java.util.List;

/**
 * Layer-wise adaptive rate scaling (You et al., arXiv:1708.03888) before a step of {@link Sgd}, as PySlowFast's optimizer does it: where
 * neither norm is 0, a = trust * |p| / (|g| + weightDecay * |p| + epsilon), and with {@code clip} a = min(a / rate, 1); then
 * g = a * (g + weightDecay * p) and SGD without weight decay; where one is 0, g stays as it is. Inputs and writes as {@link Sgd}. For
 * tensors with two axes or more.
 */
public record Lars(double momentum, double dampening, boolean nesterov, double weightDecay, double trust, double epsilon,
    boolean clip) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        return Sgd.infer(this, momentum != 0, in);
    }

    @Override
    public int[] writes() {
        return momentum == 0 ? new int[] {0} : new int[] {0, 3};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 12 * in.get(0).shape().elements();
    }
}
