package dev.kinema.graph;

import dev.kinema.graph.op.Op;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** One operation of a graph with its inputs and outputs. */
public final class Node {
    private final Graph graph;
    private final int id;
    private final String scope;
    private final Op op;
    private final List<Value> inputs;
    private final List<Value> outputs;

    Node(Graph graph, int id, String scope, Op op, List<Value> inputs, List<Type> types) {
        this.graph = graph;
        this.id = id;
        this.scope = scope;
        this.op = op;
        this.inputs = List.copyOf(inputs);
        List<Value> values = new ArrayList<>();
        for (Type type : types) {
            values.add(new Value(this, values.size(), type));
        }
        this.outputs = List.copyOf(values);
    }

    public Graph graph() {
        return graph;
    }

    /** Position in the order of building; inputs have lower ids than the nodes that use them. */
    public int id() {
        return id;
    }

    /** Where in the model the node was built, such as {@code s2/pathway0_res0}; empty outside any scope. */
    public String scope() {
        return scope;
    }

    public Op op() {
        return op;
    }

    public List<Value> inputs() {
        return inputs;
    }

    public Value input(int i) {
        return inputs.get(i);
    }

    public List<Value> outputs() {
        return outputs;
    }

    public Value output(int i) {
        return outputs.get(i);
    }

    /** Whether running this node changes a variable. */
    public boolean hasEffect() {
        return op.writes().length > 0;
    }

    public List<Type> inputTypes() {
        return inputs.stream().map(Value::type).toList();
    }

    public List<Type> outputTypes() {
        return outputs.stream().map(Value::type).toList();
    }

    /** Arithmetic of one run, a multiply-add counted as two. */
    public long flops() {
        return op.flops(inputTypes(), outputTypes());
    }

    /** Bytes read and written if every input and output crossed memory once. */
    public long bytes() {
        return op.bytes(inputTypes(), outputTypes());
    }

    @Override
    public String toString() {
        String in = inputs.stream().map(v -> "%" + v.node().id()).collect(Collectors.joining(", "));
        String out = outputs.stream().map(v -> v.type().toString()).collect(Collectors.joining(", "));
        return "%" + id + " = " + op + "(" + in + ") : " + out + (scope.isEmpty() ? "" : "  # " + scope);
    }
}
