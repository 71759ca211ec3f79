package dev.kinema.graph;

import dev.kinema.KinemaException;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.StopGradient;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reverse-mode differentiation: appends to a graph the nodes that compute the derivatives of a scalar. */
public final class Gradients {
    private final Graph graph;
    private final Set<Value> wanted = new HashSet<>();
    private final Map<Value, Value> sums = new HashMap<>();

    private Gradients(Graph graph) {
        this.graph = graph;
    }

    /**
     * Derivatives of {@code loss} with respect to each of {@code variables}, in their order and shapes.
     *
     * @throws KinemaException if the loss is not a scalar, or does not depend on one of the variables
     */
    public static List<Value> of(Value loss, List<Value> variables) {
        if (loss.shape().rank() != 0) {
            throw new KinemaException("only a scalar can be differentiated, and the loss is " + loss.type() + ": reduce it first");
        }
        Gradients gradients = new Gradients(loss.graph());
        gradients.markPaths(variables);
        gradients.propagate(loss);
        List<Value> result = new ArrayList<>();
        for (Value v : variables) {
            Value g = gradients.sums.get(v);
            if (g == null) {
                throw new KinemaException("the loss does not depend on " + v + ": leave it out of what is differentiated for");
            }
            result.add(g);
        }
        return result;
    }

    private void markPaths(List<Value> variables) {
        wanted.addAll(variables);
        for (Node node : graph.nodes()) {
            boolean reaches = !node.hasEffect() && !(node.op() instanceof StopGradient)
                && node.inputs().stream().anyMatch(wanted::contains);
            if (reaches) {
                node.outputs().stream().filter(v -> v.dtype().isFloating()).forEach(wanted::add);
            }
        }
    }

    private void propagate(Value loss) {
        sums.put(loss, graph.add(new Fill(Shape.SCALAR, 1)));
        for (int id = loss.node().id(); id >= 0; id--) {
            Node node = graph.nodes().get(id);
            Value[] arrived = node.outputs().stream().map(sums::get).toArray(Value[]::new);
            if (!reachesFurther(node, arrived)) {
                continue;
            }
            for (int i = 1; i < arrived.length; i++) {
                if (arrived[i] != null) {
                    throw new KinemaException(node.op().opName() + ": a gradient arrives at output " + i
                        + ", which is saved for the backward pass and is not differentiated: stop the gradient there");
                }
            }
            try (Graph.Scope scope = graph.scope(node.scope().isEmpty() ? "backward" : "backward/" + node.scope())) {
                Value[] back = node.op().gradient(new Backward(node, arrived, wanted));
                for (int i = 0; i < back.length; i++) {
                    accumulate(node, i, back[i]);
                }
            }
        }
    }

    private boolean reachesFurther(Node node, Value[] arrived) {
        boolean any = false;
        for (Value v : arrived) {
            any |= v != null;
        }
        return any && node.inputs().stream().anyMatch(wanted::contains) && !(node.op() instanceof StopGradient)
            && !node.hasEffect();
    }

    private void accumulate(Node node, int i, Value g) {
        Value target = node.input(i);
        if (g == null || !wanted.contains(target)) {
            return;
        }
        if (!g.shape().equals(target.shape())) {
            throw new KinemaException(node.op().opName() + ": the gradient rule returned " + g.type() + " for an input " + target.type());
        }
        Value sum = sums.get(target);
        sums.put(target, sum == null ? g : Add.of(sum, g));
    }
}
