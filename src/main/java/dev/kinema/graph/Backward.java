package dev.kinema.graph;

import java.util.Set;

/** What an operation's gradient rule sees: the node, the gradients that arrived at its outputs, and which inputs want one. */
public final class Backward {
    private final Node node;
    private final Value[] gradients;
    private final Set<Value> wanted;

    Backward(Node node, Value[] gradients, Set<Value> wanted) {
        this.node = node;
        this.gradients = gradients;
        this.wanted = wanted;
    }

    public Graph graph() {
        return node.graph();
    }

    public Value in(int i) {
        return node.input(i);
    }

    public int inputs() {
        return node.inputs().size();
    }

    public Value out(int i) {
        return node.output(i);
    }

    /** Gradient of the loss with respect to the first output. */
    public Value grad() {
        return gradients[0];
    }

    /** Whether input {@code i} lies on a path to something that is differentiated for. */
    public boolean needs(int i) {
        return wanted.contains(node.input(i));
    }
}
