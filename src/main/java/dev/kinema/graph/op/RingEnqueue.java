package dev.kinema.graph.op;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Writes rows [R, D] into the ring queue [K, D] from its pointer int64 [1] on, wrapping at the end, and moves the pointer by R modulo K.
 * Writes queue and pointer; any R up to K, dividing it or not.
 */
public record RingEnqueue() implements Op {
    public static Node of(Value queue, Value pointer, Value rows) {
        return queue.graph().append(new RingEnqueue(), List.of(queue, pointer, rows));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Type queue = in.get(0);
        Require.rank(this, "queue", queue, 2);
        Require.dtype(this, "pointer", in.get(1), DType.I64);
        Require.shape(this, "pointer", in.get(1), Shape.of(1));
        Require.rank(this, "rows", in.get(2), 2);
        Require.that(this, in.get(2).shape().last() == queue.shape().last() && in.get(2).shape().dim(0) <= queue.shape().dim(0),
            "rows " + in.get(2) + " do not fit into a queue " + queue);
        return List.of(queue, in.get(1));
    }

    @Override
    public int[] writes() {
        return new int[] {0, 1};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 0;
    }

    /** The rows, read and written, and the pointer. */
    @Override
    public long bytes(List<Type> in, List<Type> out) {
        return 2 * in.get(2).bytes() + 2 * in.get(1).bytes();
    }
}
