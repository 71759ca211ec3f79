package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From the loss's gradient [], a, b and the log-sums of {@link InBatchInfoNce} to da and db. */
public record InBatchInfoNceGradient(double temperature) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 4);
        Require.floats(this, in);
        Require.shape(this, "dloss", in.get(0), Shape.SCALAR);
        InBatchInfoNce.check(this, temperature, in.get(1), in.get(2));
        Require.shape(this, "log-sums", in.get(3), Shape.of(2, in.get(1).shape().dim(0)));
        return List.of(in.get(1), in.get(2));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 16 * in.get(1).shape().elements() * in.get(1).shape().dim(0);
    }
}
