package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import java.util.List;

/**
 * From dy, x, gamma, mean and variance to dx, dgamma and dbeta; with {@code batchStatistics} mean and variance are functions of x
 * (Ioffe and Szegedy, arXiv:1502.03167, section 3), without they are constants.
 */
public record BatchNormGradient(double epsilon, boolean batchStatistics) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 5);
        Require.floats(this, in);
        Require.shape(this, "dy", in.get(0), in.get(1).shape());
        BatchNorm.check(this, in.get(1), in.subList(2, 5));
        return List.of(in.get(1), in.get(2), in.get(2));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 11 * out.get(0).shape().elements();
    }
}
