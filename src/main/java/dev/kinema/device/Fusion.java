package dev.kinema.device;

import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Variable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites a graph into one with fewer, larger operations of the same meaning, after differentiation: inference batch norm folded into the
 * convolution before it, then the residual sum and ReLU; an activation into the linear layer before it. A value that is read twice, or is an
 * output, stays.
 */
public final class Fusion {
    private final Graph graph;
    private final Schedule schedule;
    private final Graph fused = new Graph();
    private final Map<Value, Value> mapped = new HashMap<>();
    /** Chains by their last node, where the fused operation is built. */
    private final Map<Node, Chain> chains = new HashMap<>();
    private final Set<Node> absorbed = new HashSet<>();

    /** A convolution or linear layer with what follows it; fields are null where there is none. */
    private record Chain(Node head, Node norm, Node sum, Value residual, Node activation) {}

    private Fusion(Graph graph) {
        this.graph = graph;
        this.schedule = Schedule.of(graph);
    }

    /** A graph with the same inputs, variables and outputs. */
    public static Graph apply(Graph graph) {
        return new Fusion(graph).rewrite();
    }

    /** What an operation stands for that fusion may have made, in order of computing; empty for others. */
    public static List<String> members(Op op) {
        if (op instanceof FusedConv3d conv) {
            List<String> members = new ArrayList<>(List.of("Conv3d", "BatchNormInference"));
            if (conv.residual()) {
                members.add("Add");
            }
            if (conv.relu()) {
                members.add("Relu");
            }
            return members;
        }
        if (op instanceof Linear linear && linear.activation() != Linear.Activation.NONE) {
            return List.of("Linear", linear.activation() == Linear.Activation.RELU ? "Relu" : "Gelu");
        }
        return List.of();
    }

    private Graph rewrite() {
        Map<Node, Integer> position = new HashMap<>();
        for (Node node : schedule.nodes()) {
            position.put(node, position.size());
        }
        for (Node node : schedule.nodes()) {
            Chain chain = node.op() instanceof Conv3d ? convolution(node, position) : node.op() instanceof Linear ? linear(node) : null;
            if (chain != null) {
                Node last = chain.activation() != null ? chain.activation() : chain.sum() != null ? chain.sum() : chain.norm();
                for (Node part : new Node[] {chain.head(), chain.norm(), chain.sum(), chain.activation()}) {
                    absorbed.add(part);
                }
                chains.put(last, chain);
            }
        }
        for (Node node : schedule.nodes()) {
            try (Graph.Scope scope = fused.scope(node.scope())) {
                copy(node);
            }
        }
        graph.inputs().values().stream().filter(v -> !mapped.containsKey(v)).forEach(v -> copy(v.node()));
        graph.variables().values().stream().filter(v -> !mapped.containsKey(v)).forEach(v -> copy(v.node()));
        graph.outputs().forEach((name, value) -> fused.output(name, mapped.get(value)));
        return fused;
    }

    private void copy(Node node) {
        Chain chain = chains.get(node);
        if (chain != null) {
            mapped.put(node.output(0), chain.norm() != null ? build(chain) : buildLinear(chain));
        } else if (node.op() instanceof Input input) {
            mapped.put(node.output(0), fused.input(input.name(), input.type().dtype(), input.type().shape()));
        } else if (node.op() instanceof Variable variable) {
            mapped.put(node.output(0), fused.variable(variable));
        } else if (!absorbed.contains(node)) {
            Node copy = fused.append(node.op(), node.inputs().stream().map(mapped::get).toList());
            for (int i = 0; i < copy.outputs().size(); i++) {
                mapped.put(node.output(i), copy.output(i));
            }
        }
    }

    private Value build(Chain chain) {
        Conv3d conv = (Conv3d) chain.head().op();
        double epsilon = ((BatchNormInference) chain.norm().op()).epsilon();
        Node fold = fused.append(new FoldBatchNorm(epsilon), List.of(map(chain.head().input(1)), map(chain.norm().input(1)),
            map(chain.norm().input(2)), map(chain.norm().input(3)), map(chain.norm().input(4))));
        boolean residual = chain.residual() != null;
        FusedConv3d op = new FusedConv3d(conv.stride(), conv.padding(), chain.activation() != null, residual);
        Value x = map(chain.head().input(0));
        List<Value> in = residual ? List.of(x, fold.output(0), fold.output(1), map(chain.residual()))
            : List.of(x, fold.output(0), fold.output(1));
        return fused.append(op, in).output(0);
    }

    private Value buildLinear(Chain chain) {
        Linear linear = (Linear) chain.head().op();
        List<Value> in = chain.head().inputs().stream().map(mapped::get).toList();
        return fused.append(new Linear(linear.bias(), fusable(chain.activation().op())), in).output(0);
    }

    /** What a linear layer can apply itself, or null. */
    private static Linear.Activation fusable(Op op) {
        if (op instanceof Gelu gelu) {
            return gelu.form() == Gelu.Form.ERF ? Linear.Activation.GELU : Linear.Activation.GELU_TANH;
        }
        return op instanceof Relu ? Linear.Activation.RELU : null;
    }

    private Value map(Value value) {
        return mapped.get(value);
    }

    private Chain convolution(Node conv, Map<Node, Integer> position) {
        Node norm = only(conv.output(0));
        if (norm == null || !(norm.op() instanceof BatchNormInference) || norm.input(0) != conv.output(0)) {
            return null;
        }
        Node next = only(norm.output(0));
        if (next != null && next.op() instanceof Relu) {
            return new Chain(conv, norm, null, null, next);
        }
        if (next == null || !(next.op() instanceof Add) || !next.input(0).shape().equals(next.input(1).shape())) {
            return new Chain(conv, norm, null, null, null);
        }
        Value residual = next.input(next.input(0) == norm.output(0) ? 1 : 0);
        if (absorbed.contains(next) || position.get(residual.node()) > position.get(norm)) {
            return new Chain(conv, norm, null, null, null);
        }
        Node relu = only(next.output(0));
        return new Chain(conv, norm, next, residual, relu != null && relu.op() instanceof Relu ? relu : null);
    }

    private Chain linear(Node linear) {
        if (((Linear) linear.op()).activation() != Linear.Activation.NONE) {
            return null;
        }
        Node next = only(linear.output(0));
        return next != null && fusable(next.op()) != null ? new Chain(linear, null, null, null, next) : null;
    }

    /** The one node that reads {@code value}, or null if there are several, none, or it is an output. */
    private Node only(Value value) {
        List<Node> readers = schedule.consumers(value);
        return readers.size() == 1 && !graph.outputs().containsValue(value) ? readers.get(0) : null;
    }
}
