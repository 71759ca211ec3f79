package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From dy, q, k, v and both outputs of {@link Attention} (then its mask and random state) to dq, dk and dv. */
public record AttentionGradient(Attention forward) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 6 + forward.extras());
        Attention.check(this, forward, in, 1);
        Shape q = in.get(1).shape();
        Require.shape(this, "dy", in.get(0), q);
        Require.shape(this, "y", in.get(4), q);
        Require.shape(this, "log-sums", in.get(5), Shape.of(q.dim(0), forward.heads(), q.dim(1)));
        return List.of(in.get(1), in.get(2), in.get(3));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 10 * in.get(1).shape().elements() * in.get(2).shape().dim(1);
    }
}
