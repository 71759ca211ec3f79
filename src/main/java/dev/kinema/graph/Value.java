package dev.kinema.graph;

/** One output of one node: a type and a place in a graph. Holds no data. */
public final class Value {
    private final Node node;
    private final int index;
    private final Type type;

    Value(Node node, int index, Type type) {
        this.node = node;
        this.index = index;
        this.type = type;
    }

    public Graph graph() {
        return node.graph();
    }

    public Node node() {
        return node;
    }

    /** Which output of {@link #node()} this is. */
    public int index() {
        return index;
    }

    public Type type() {
        return type;
    }

    public Shape shape() {
        return type.shape();
    }

    public DType dtype() {
        return type.dtype();
    }

    @Override
    public String toString() {
        return "%" + node.id() + (node.outputs().size() > 1 ? "." + index : "") + ": " + type;
    }
}
