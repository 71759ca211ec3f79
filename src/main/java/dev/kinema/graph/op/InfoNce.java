package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * InfoNCE against a queue (He et al., MoCo, arXiv:1911.05722, eq. 1): for each query row, cross-entropy of [q.k, q.queue^T] / temperature with
 * the positive first; mean over rows. q and k [R, D], queue [K, D], usually L2-normalised; the queue gets no gradient.
 *
 * <p>Outputs: loss []; logarithm of the sum of exponentials [R]; int32 [R], how many negatives score higher than the positive (0 = the
 * positive is first).
 */
public record InfoNce(double temperature) implements Op {
    public static Node of(Value q, Value k, Value queue, double temperature) {
        return q.graph().append(new InfoNce(temperature), List.of(q, k, queue));
    }

    static void check(Op op, double temperature, Type q, Type k, Type queue) {
        Require.rank(op, "q", q, 2);
        Require.shape(op, "k", k, q.shape());
        Require.rank(op, "queue", queue, 2);
        Require.that(op, queue.shape().last() == q.shape().last(), "queries and queue have different widths: " + q + ", " + queue);
        Require.that(op, temperature > 0, "the temperature must be positive, got " + temperature);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.floats(this, in);
        check(this, temperature, in.get(0), in.get(1), in.get(2));
        int rows = in.get(0).shape().dim(0);
        return List.of(Type.f32(), Type.f32(rows), new Type(DType.I32, Shape.of(rows)));
    }

    @Override
    public Value[] gradient(Backward b) {
        Require.that(this, !b.needs(2), "the queue is a constant: it gets no gradient");
        Node node = b.graph().append(new InfoNceGradient(temperature), List.of(b.grad(), b.in(0), b.in(1), b.in(2), b.out(1)));
        return new Value[] {node.output(0), node.output(1), null};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 2 * in.get(0).shape().elements() * (in.get(2).shape().dim(0) + 1);
    }
}
