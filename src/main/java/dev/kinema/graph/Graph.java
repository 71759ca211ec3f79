package dev.kinema.graph;

import dev.kinema.KinemaException;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Variable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A computation as a list of nodes, appended to and never changed. Model code appends operations, {@link Gradients} their
 * derivatives, optimizers the updates; a device compiles the whole and runs it many times.
 *
 * <p>Variables are read as they stand at the start of a run, unless a node reads the output of the operation that wrote them:
 * an operation that {@linkplain Op#writes() writes} a variable returns its new version as a value.
 */
public final class Graph {
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Value> inputs = new LinkedHashMap<>();
    private final Map<String, Value> variables = new LinkedHashMap<>();
    private final Map<String, Value> versions = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private String scope = "";

    /** A value that the caller fills before each run. */
    public Value input(String name, DType dtype, Shape shape) {
        Value value = inputs.get(name);
        if (value != null) {
            throw new KinemaException("the graph already has an input named '" + name + "': " + value.type());
        }
        value = add(new Input(name, new Type(dtype, shape)));
        inputs.put(name, value);
        return value;
    }

    /** A trained weight. Asking again for a name gives the same value, so layers can share weights. */
    public Value parameter(String name, Shape shape, Initializer initializer) {
        return variable(new Variable(name, Type.f32(shape), initializer, true));
    }

    /** A variable that is saved but not trained: statistics, queues, moments, counters. */
    public Value state(String name, DType dtype, Shape shape, Initializer initializer) {
        return variable(new Variable(name, new Type(dtype, shape), initializer, false));
    }

    /** The declared variable as it stands at the start of a run. */
    public Value variable(Variable variable) {
        Value value = variables.get(variable.name());
        if (value == null) {
            value = add(variable);
            variables.put(variable.name(), value);
            versions.put(variable.name(), value);
        } else if (!value.type().equals(variable.type())) {
            throw new KinemaException("variable '" + variable.name() + "' is declared as " + value.type() + " and again as "
                + variable.type() + ": give one of them another name");
        } else if (((Variable) value.node().op()).trained() != variable.trained()) {
            throw new KinemaException("variable '" + variable.name() + "' is declared once as trained and once as not: decide which it is,"
                + " or give one of them another name");
        }
        return value;
    }

    /** Appends an operation with one output. */
    public Value add(Op op, Value... in) {
        return append(op, List.of(in)).output(0);
    }

    /** Appends an operation; its outputs are those of the node. */
    public Node append(Op op, List<Value> in) {
        List<Type> types = new ArrayList<>();
        for (Value v : in) {
            if (v.graph() != this) {
                throw new KinemaException(op.opName() + ": an input belongs to another graph: " + v);
            }
            types.add(v.type());
        }
        Node node = new Node(this, nodes.size(), scope, op, in, op.infer(types));
        nodes.add(node);
        recordWrites(node);
        return node;
    }

    private void recordWrites(Node node) {
        int[] writes = node.op().writes();
        for (int i = 0; i < writes.length; i++) {
            Value target = node.input(writes[i]);
            String name = variableOf(target);
            if (versions.get(name) != target) {
                throw new KinemaException(node.op().opName() + " writes '" + name + "', which another operation of this graph has"
                    + " already written: hand it the value that operation returned");
            }
            versions.put(name, node.output(i));
        }
    }

    /** Name of the variable that {@code value} is a version of. */
    public static String variableOf(Value value) {
        Value v = value;
        while (!(v.node().op() instanceof Variable)) {
            int[] writes = v.node().op().writes();
            if (v.index() >= writes.length) {
                throw new KinemaException("only a variable can be written, and " + v.node().op().opName() + " computes " + v);
            }
            v = v.node().input(writes[v.index()]);
        }
        return ((Variable) v.node().op()).name();
    }

    /** Whether {@code value} is a variable or a version of one that an effect returned. */
    public static boolean isVariable(Value value) {
        return value.node().op() instanceof Variable || value.index() < value.node().op().writes().length;
    }

    /** Names a value that a run computes for the caller. */
    public void output(String name, Value value) {
        if (isVariable(value)) {
            throw new KinemaException("output '" + name + "' is a variable: read it from the weights");
        }
        if (outputs.putIfAbsent(name, value) != null) {
            throw new KinemaException("the graph already has an output named '" + name + "'");
        }
    }

    /** Nodes appended until the scope is closed carry its name, which profiles and error messages show. */
    public Scope scope(String name) {
        String outer = scope;
        scope = outer.isEmpty() ? name : outer + "/" + name;
        return () -> scope = outer;
    }

    /** A part of a model; closing it goes back to the part around it. */
    @FunctionalInterface
    public interface Scope extends AutoCloseable {
        @Override
        void close();
    }

    public List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    public Map<String, Value> inputs() {
        return Collections.unmodifiableMap(inputs);
    }

    public Map<String, Value> outputs() {
        return Collections.unmodifiableMap(outputs);
    }

    /** All variables by name, as read at the start of a run. */
    public Map<String, Value> variables() {
        return Collections.unmodifiableMap(variables);
    }

    /** The declarations of all variables, in order of first use. */
    public List<Variable> declarations() {
        return variables.values().stream().map(v -> (Variable) v.node().op()).toList();
    }

    /** The trained variables, in order of first use. */
    public List<Value> parameters() {
        return variables.values().stream().filter(v -> ((Variable) v.node().op()).trained()).toList();
    }

    /** Arithmetic of one run. */
    public long flops() {
        return nodes.stream().mapToLong(Node::flops).sum();
    }

    @Override
    public String toString() {
        return nodes.stream().map(Node::toString).collect(Collectors.joining("\n"));
    }
}
