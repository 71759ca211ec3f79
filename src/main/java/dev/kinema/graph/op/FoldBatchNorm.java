package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/**
 * Inference batch norm as part of the convolution before it: from weight [O, ...], gamma, beta, mean and variance [O] to
 * weight * s per output channel and beta - mean * s, where s = gamma / sqrt(variance + epsilon). Made by fusion: no gradient.
 */
public record FoldBatchNorm(double epsilon) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 5);
        Require.floats(this, in);
        Require.minRank(this, "weight", in.get(0), 1);
        Shape channels = Shape.of(in.get(0).shape().dim(0));
        for (int i = 1; i < 5; i++) {
            Require.shape(this, "input " + i, in.get(i), channels);
        }
        return List.of(in.get(0), Type.f32(channels));
    }
}
