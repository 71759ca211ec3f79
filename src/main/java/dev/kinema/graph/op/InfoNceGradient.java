package dev.kinema.graph.op;

import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From the loss's gradient [], q, k, queue and the log-sums of {@link InfoNce} (then its count and owners) to dq and dk. */
public record InfoNceGradient(InfoNce forward) implements Op {
    /** Whether a node is the gradient of that loss: one pass over the queue can then compute what both need of it. */
    public static boolean isOf(Node gradient, Node loss) {
        return gradient.op() instanceof InfoNceGradient g && g.forward.equals(loss.op())
            && gradient.inputs().subList(1, 4).equals(loss.inputs().subList(0, 3))
            && gradient.inputs().subList(5, gradient.inputs().size()).equals(loss.inputs().subList(3, loss.inputs().size()));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 5 + forward.extras());
        Require.shape(this, "dloss", in.get(0), Shape.SCALAR);
        InfoNce.check(this, forward, in, 1);
        Require.shape(this, "log-sums", in.get(4), Shape.of(in.get(1).shape().dim(0)));
        return List.of(in.get(1), in.get(2));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 4 * in.get(1).shape().elements() * (in.get(3).shape().dim(0) + 1);
    }
}
