package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Zeroes elements with probability p and scales the others by 1 / (1 - p). {@code random} is int64 [2], (seed, step); element i is kept
 * where word i of the Philox stream {@code salt} is at least p * 2^32. The gradient is the same operation with the same salt. Salts
 * number the operations of a graph that draw, so that another graph of the same network draws the same, whatever else it computes.
 */
public record Dropout(double p, int salt) implements Op {
    public static Value of(Value x, double p, Value random) {
        return p == 0 ? x : x.graph().add(new Dropout(p, salt(x.graph())), x, random);
    }

    /** A salt that no operation of the graph has: how many draw. */
    static int salt(Graph graph) {
        return (int) graph.nodes().stream().map(Node::op)
            .filter(op -> op instanceof Dropout || op instanceof Attention a && a.dropout() > 0).count();
    }

    static void checkRandom(Op op, Type random) {
        Require.dtype(op, "random state", random, DType.I64);
        Require.shape(op, "random state", random, Shape.of(2));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.dtype(this, "x", in.get(0), DType.F32);
        Require.that(this, p >= 0 && p < 1, "the probability must be in [0, 1), got " + p);
        checkRandom(this, in.get(1));
        return List.of(in.get(0));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(this, b.grad(), b.in(1)), null};
    }
}
