package dev.kinema.device.cuda;

import dev.kinema.device.Schedule;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.GeluGradient;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import java.util.ArrayList;
import java.util.List;

/**
 * Neighbours that work on single elements, which one kernel does in passing, in this order: an activation, dropout, and an operation with
 * another value. Each may be absent.
 *
 * @param before what the activation is taken of, where its gradient reads that; else null
 * @param activation one of {@code KN_ACTIVATION_*}
 * @param dropout null for none; {@code random} is its state
 * @param operation one of {@code KN_BINARY_*}, or {@code KN_CHAIN_END}; {@code other} is its second operand
 * @param last what comes out
 * @param length how many operations these are
 */
record Chain(Value before, int activation, Dropout dropout, Value random, int operation, Value other, Value last, int length) {
    /** Nothing done to a value. */
    static Chain of(Value value) {
        return new Chain(null, Kinema.KN_ACTIVATION_NONE, null, null, Kinema.KN_CHAIN_END, null, value, 0);
    }

    /** A node alone, which is about to be lowered; null if it is no member of chains. */
    static Chain of(Lowering l, Node node) {
        return of(node.input(0)).with(l, node, node.input(0));
    }

    /**
     * The chain with all that can join it of what follows. The nodes are left to {@code by}, the current one.
     *
     * @param start the operation that a product applies to its sums already
     */
    static Chain after(Lowering l, Node by, int start) {
        Value sum = by.output(0);
        Chain chain = new Chain(null, start, null, null, Kinema.KN_CHAIN_END, null, sum, 0);
        Node gelu = start == Kinema.KN_ACTIVATION_NONE ? geluWithGradient(l, sum) : null;
        if (gelu != null) {
            l.absorb(gelu, by);
            chain = new Chain(sum, activation(gelu.op()), null, null, Kinema.KN_CHAIN_END, null, gelu.output(0), 1);
        }
        return chain.extended(l, by);
    }

    /** The one GELU that reads a value which but for it its gradient alone reads; null where there is none, or nothing is to be fused. */
    private static Node geluWithGradient(Lowering l, Value value) {
        List<Node> gelus = l.fusibleReaders(value).stream().filter(n -> n.op() instanceof Gelu).toList();
        boolean only = gelus.size() == 1 && l.readers(value).size() > 1 && l.readers(value).stream()
            .allMatch(n -> n == gelus.get(0) || n.op() instanceof GeluGradient && n.input(0) != value);
        return only ? gelus.get(0) : null;
    }

    Chain extended(Lowering l, Node by) {
        Chain chain = this;
        List<Node> passed = new ArrayList<>();
        Value at = last;
        for (Node next = l.soleReader(at); next != null && !l.isAbsorbed(next); next = l.soleReader(at)) {
            passed.add(next);
            if (!Schedule.isView(next)) {
                Chain longer = chain.with(l, next, at);
                if (longer == null) {
                    break;
                }
                chain = longer;
                passed.forEach(n -> l.absorb(n, by));
                passed.clear();
            }
            at = next.output(0);
        }
        return chain;
    }

    /** With one more, which reads {@code from}; null where it cannot join. */
    private Chain with(Lowering l, Node node, Value from) {
        if (operation != Kinema.KN_CHAIN_END) {
            return null;
        }
        Value y = node.output(0);
        if (activation(node.op()) != Kinema.KN_ACTIVATION_NONE && activation == Kinema.KN_ACTIVATION_NONE && dropout == null) {
            return new Chain(before, activation(node.op()), null, null, operation, null, y, length + 1);
        }
        if (node.op() instanceof Dropout drop && dropout == null && l.isMade(node.input(1))) {
            return new Chain(before, activation, drop, node.input(1), operation, null, y, length + 1);
        }
        int joined = operation(node.op());
        if (joined == Kinema.KN_CHAIN_END) {
            return null;
        }
        Value second = node.input(node.input(0) == from ? 1 : 0);
        boolean ordered = node.input(0) == from || joined == Kinema.KN_BINARY_ADD;
        if (!ordered || !second.shape().equals(node.input(0).shape()) || !second.shape().equals(node.input(1).shape()) || !l.isMade(second)
            || node.op() instanceof ReluGradient && BatchNorms.takeOver(l, node)) {
            return null;
        }
        return new Chain(before, activation, dropout, random, joined, second, y, length + 1);
    }

    private static int activation(Op op) {
        if (op instanceof Gelu gelu) {
            return gelu.form() == Gelu.Form.TANH ? Kinema.KN_ACTIVATION_GELU_TANH : Kinema.KN_ACTIVATION_GELU;
        }
        return op instanceof Relu ? Kinema.KN_ACTIVATION_RELU : Kinema.KN_ACTIVATION_NONE;
    }

    private static int operation(Op op) {
        if (op instanceof GeluGradient gradient) {
            return gradient.form() == Gelu.Form.TANH ? Kinema.KN_BINARY_GELU_TANH_GRADIENT : Kinema.KN_BINARY_GELU_GRADIENT;
        }
        return op instanceof ReluGradient ? Kinema.KN_BINARY_RELU_GRADIENT : op instanceof Add ? Kinema.KN_BINARY_ADD : Kinema.KN_CHAIN_END;
    }

    /** Probability of dropout; 0 for none. */
    double p() {
        return dropout == null ? 0 : dropout.p();
    }

    int salt() {
        return dropout == null ? 0 : dropout.salt();
    }

    /** What it does, for names of steps: {@code +gelu+dropout+residual}. */
    String suffix() {
        return suffix(activation) + (dropout == null ? "" : "+dropout") + switch (operation) {
            case Kinema.KN_BINARY_ADD -> "+residual";
            case Kinema.KN_BINARY_RELU_GRADIENT -> "+relu_gradient";
            case Kinema.KN_BINARY_GELU_GRADIENT, Kinema.KN_BINARY_GELU_TANH_GRADIENT -> "+gelu_gradient";
            default -> "";
        };
    }

    static String suffix(int activation) {
        return switch (activation) {
            case Kinema.KN_ACTIVATION_RELU -> "+relu";
            case Kinema.KN_ACTIVATION_GELU -> "+gelu";
            case Kinema.KN_ACTIVATION_GELU_TANH -> "+gelu_tanh";
            default -> "";
        };
    }

    /** The buffers that it reads besides what goes through it. */
    List<Buffer> reads(Lowering l) {
        List<Buffer> reads = new ArrayList<>();
        if (random != null) {
            reads.add(l.of(random));
        }
        if (other != null) {
            reads.add(l.of(other));
        }
        return reads;
    }
}
