package dev.kinema.graph.op;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Writes rows [R, ...] into the ring queue [K, ...] of the same type from its pointer int64 [1] on, wrapping at the end, and moves the
 * pointer by R modulo K. Writes queue and pointer; any R up to K, dividing it or not. Keys are rows [R, D], what is known of each key
 * (its owner, int32) are rows [R] of a second queue, which has a pointer of its own and stays in step with the first by the same count.
 *
 * <p>Where {@code counted}, a last input int32 [1] says how many rows are written and the pointer moves, 0 to R; any other number is an
 * error when the program runs.
 */
public record RingEnqueue(boolean counted) implements Op {
    /** Enqueues all rows. */
    public static Node of(Value queue, Value pointer, Value rows) {
        return queue.graph().append(new RingEnqueue(false), List.of(queue, pointer, rows));
    }

    /** Enqueues the first {@code count} rows. */
    public static Node of(Value queue, Value pointer, Value rows, Value count) {
        return queue.graph().append(new RingEnqueue(true), List.of(queue, pointer, rows, count));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, counted ? 4 : 3);
        Type queue = in.get(0);
        Type rows = in.get(2);
        Require.minRank(this, "queue", queue, 1);
        Require.minRank(this, "rows", rows, 1);
        Require.dtype(this, "pointer", in.get(1), DType.I64);
        Require.shape(this, "pointer", in.get(1), Shape.of(1));
        Shape row = queue.shape().sub(1, queue.shape().rank());
        Require.that(this, rows.dtype() == queue.dtype() && rows.shape().sub(1, rows.shape().rank()).equals(row)
            && rows.shape().dim(0) <= queue.shape().dim(0), "rows " + rows + " do not fit into a queue " + queue);
        if (counted) {
            Require.dtype(this, "count", in.get(3), DType.I32);
            Require.shape(this, "count", in.get(3), Shape.of(1));
        }
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

    /** The rows, read and written, the pointer, and how many rows they are. */
    @Override
    public long bytes(List<Type> in, List<Type> out) {
        return 2 * in.get(2).bytes() + 2 * in.get(1).bytes() + (counted ? in.get(3).bytes() : 0);
    }
}
