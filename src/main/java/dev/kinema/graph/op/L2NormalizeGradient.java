package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From dy, and y and the norms of {@link L2Normalize}: (dy - y (y . dy)) / norm; dy / epsilon where the norm is below epsilon. */
public record L2NormalizeGradient(double epsilon) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.floats(this, in);
        Shape y = in.get(1).shape();
        Require.shape(this, "dy", in.get(0), y);
        Require.shape(this, "norms", in.get(2), y.sub(0, y.rank() - 1));
        return List.of(in.get(1));
    }
}
