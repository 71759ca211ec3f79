package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.ArrayList;
import java.util.List;

/**
 * InfoNCE against a queue (He et al., MoCo, arXiv:1911.05722, eq. 1): for each query row, cross-entropy of [q.k, q.queue^T] / temperature
 * with the positive first; mean over rows. q and k [R, D], queue [K, D], usually L2-normalised; the queue gets no gradient.
 *
 * <p>Where {@code counted}, an input int32 [1] says how many rows take part, 1 to R, and any other number is an error when the program
 * runs: the mean is over the first count rows; the others, which may hold anything finite, are padding and get no gradient.
 *
 * <p>Where {@code owned}, two last inputs int32 [R] and [K] say whom each row and each queue row belongs to (which film): a queue row of
 * a row's own owner is left out of that row's sum, as it is no negative. {@link #NO_OWNER} equals nothing, not even itself.
 *
 * <p>{@code unitLength} says that the rows of q and k have a length of 1 at most, and those of the queue of 7/4 at most, so that no score
 * exceeds 1 / temperature by much. It changes no result beyond rounding: devices may do without the maximum of the scores.
 *
 * <p>Outputs: loss []; logarithm of the sum of exponentials [R], 0 for padding; int32 [R], how many negatives score higher than the
 * positive (0 = the positive is first), -1 for padding.
 */
public record InfoNce(double temperature, boolean counted, boolean owned, boolean unitLength) implements Op {
    /** The owner of rows that belong to nobody, such as those a queue starts with. */
    public static final int NO_OWNER = -1;

    /** All rows against all of the queue. */
    public static Node of(Value q, Value k, Value queue, double temperature) {
        return of(q, k, queue, temperature, null, null, null);
    }

    /**
     * The first {@code count} rows against what others own.
     *
     * @param count int32 [1], or null: all rows
     * @param owners int32 [R], or null: nothing is left out
     * @param queueOwners int32 [K], null where {@code owners} is
     */
    public static Node of(Value q, Value k, Value queue, double temperature, Value count, Value owners, Value queueOwners) {
        return of(q, k, queue, temperature, count, owners, queueOwners, false);
    }

    /** The same between rows that are known to be of unit length, or shorter; a queue may start with rows of up to 7/4. */
    public static Node ofUnitLength(Value q, Value k, Value queue, double temperature, Value count, Value owners, Value queueOwners) {
        return of(q, k, queue, temperature, count, owners, queueOwners, true);
    }

    private static Node of(Value q, Value k, Value queue, double temperature, Value count, Value owners, Value queueOwners,
        boolean unitLength) {
        if ((owners == null) != (queueOwners == null)) {
            throw new IllegalArgumentException("owners of the rows and of the queue go together");
        }
        List<Value> in = new ArrayList<>(List.of(q, k, queue));
        if (count != null) {
            in.add(count);
        }
        if (owners != null) {
            in.addAll(List.of(owners, queueOwners));
        }
        return q.graph().append(new InfoNce(temperature, count != null, owners != null, unitLength), in);
    }

    /** How many inputs follow those that every InfoNCE has. */
    int extras() {
        return (counted ? 1 : 0) + (owned ? 2 : 0);
    }

    /** Checks q, k and queue, which are the inputs from {@code first} on, and the extras, which are the last. */
    static void check(Op op, InfoNce nce, List<Type> in, int first) {
        int extra = in.size() - nce.extras();
        Require.floats(op, in.subList(0, extra));
        Type q = in.get(first);
        Type queue = in.get(first + 2);
        Require.rank(op, "q", q, 2);
        Require.shape(op, "k", in.get(first + 1), q.shape());
        Require.rank(op, "queue", queue, 2);
        Require.that(op, queue.shape().last() == q.shape().last(), "queries and queue have different widths: " + q + ", " + queue);
        Require.that(op, nce.temperature > 0, "the temperature must be positive, got " + nce.temperature);
        if (nce.counted) {
            integers(op, "count", in.get(extra++), 1);
        }
        if (nce.owned) {
            integers(op, "owners", in.get(extra), q.shape().dim(0));
            integers(op, "owners of the queue", in.get(extra + 1), queue.shape().dim(0));
        }
    }

    private static void integers(Op op, String what, Type type, int length) {
        Require.dtype(op, what, type, DType.I32);
        Require.shape(op, what, type, Shape.of(length));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3 + extras());
        check(this, this, in, 0);
        int rows = in.get(0).shape().dim(0);
        return List.of(Type.f32(), Type.f32(rows), new Type(DType.I32, Shape.of(rows)));
    }

    @Override
    public Value[] gradient(Backward b) {
        Require.that(this, !b.needs(2), "the queue is a constant: it gets no gradient");
        List<Value> in = new ArrayList<>(List.of(b.grad(), b.in(0), b.in(1), b.in(2), b.out(1)));
        for (int i = 3; i < b.inputs(); i++) {
            in.add(b.in(i));
        }
        Node node = b.graph().append(new InfoNceGradient(this), in);
        Value[] back = new Value[b.inputs()];
        back[0] = node.output(0);
        back[1] = node.output(1);
        return back;
    }

    /** Of all rows: how many take part is known only when the program runs. */
    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 2 * in.get(0).shape().elements() * (in.get(2).shape().dim(0) + 1);
    }
}
