package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From dy, x, gamma and the rows' mean and variance to dx, dgamma and dbeta of {@link LayerNorm}. */
public record LayerNormGradient(double epsilon) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 5);
        Require.floats(this, in);
        Shape x = in.get(1).shape();
        Require.shape(this, "dy", in.get(0), x);
        Require.shape(this, "gamma", in.get(2), Shape.of(x.last()));
        Require.shape(this, "mean", in.get(3), x.sub(0, x.rank() - 1));
        Require.shape(this, "variance", in.get(4), x.sub(0, x.rank() - 1));
        return List.of(in.get(1), in.get(2), in.get(2));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 14 * out.get(0).shape().elements();
    }
}
