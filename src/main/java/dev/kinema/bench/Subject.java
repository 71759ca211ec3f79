package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Philox;
import dev.kinema.graph.op.Variable;
import dev.kinema.optim.Optimizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A graph and the numbers it is computed on, which are drawn by name, so that any engine can be given the same: inputs are standard normal,
 * or bytes; variables start as the graph says, but batch norm's, whose usual start (0 and 1) would hide a mistake in them.
 *
 * @param given inputs that are not drawn, by name
 * @param derivative what its outputs are derivatives of; empty where they are none
 */
public record Subject(Graph graph, Map<String, HostArray> given, Optional<Derivative> derivative) {
    private static final long SEED = 1;
    private static final double RATE = 0.01;
    /** Of what must not be attended to: nothing. */
    static final String PADDING = "padding";

    /** All drawn. */
    public Subject(Graph graph) {
        this(graph, Map.of(), Optional.empty());
    }

    /** All drawn, and differentiated. */
    Subject(Graph graph, Derivative derivative) {
        this(graph, Map.of(), Optional.of(derivative));
    }

    /** Whether a run changes variables: then each computes something else. */
    boolean hasEffects() {
        return graph.nodes().stream().anyMatch(Node::hasEffect);
    }

    /** The variables by name, in order of first use; those of integers are left out. */
    public Map<String, HostArray> variables() {
        Map<String, HostArray> values = new LinkedHashMap<>();
        for (Variable v : graph.declarations()) {
            if (v.type().dtype().isFloating()) {
                HostArray array = HostArray.allocate(v.type().dtype(), v.type().shape());
                Philox random = Philox.named(SEED, v.name());
                for (int i = 0; i < array.elements(); i++) {
                    array.set(i, element(v, random, i));
                }
                values.put(v.name(), array);
            }
        }
        return values;
    }

    private static double element(Variable v, Philox random, int i) {
        String name = v.name();
        if (name.endsWith("running_var")) {
            return 0.5 + random.uniform(i);
        }
        if (name.endsWith("running_mean") || name.endsWith("bn.bias")) {
            return 0.1 * random.normal(i);
        }
        if (name.endsWith("bn.weight")) {
            // the last of a block is small, so that sums over blocks stay in range
            return (name.endsWith("c_bn.weight") ? 0.2 : 0.5) * (1 + random.uniform(i));
        }
        return v.initializer().element(random, i);
    }

    /** The inputs by name. */
    public Map<String, HostArray> inputs() {
        Map<String, HostArray> values = new LinkedHashMap<>();
        graph.inputs().forEach((name, value) -> {
            HostArray array = HostArray.allocate(value.dtype(), value.shape());
            fill(name, array);
            values.put(name, array);
        });
        return values;
    }

    private void fill(String name, HostArray array) {
        if (given.containsKey(name)) {
            array.put(given.get(name));
            return;
        }
        Philox random = Philox.named(SEED, name);
        for (int i = 0; i < array.elements(); i++) {
            if (array.dtype() == DType.U8) {
                array.set(i, name.equals(PADDING) ? 0L : random.bits(i) & 0xFFL);
            } else {
                array.set(i, name.equals(Optimizer.LEARNING_RATE) ? RATE : random.normal(i));
            }
        }
    }

    /** Outputs, and the variables of floats, by name, after one run with variables as they are drawn. */
    Map<String, HostArray> results(Device device, Compilation how) {
        Map<String, HostArray> results = new LinkedHashMap<>();
        try (Weights weights = device.newWeights(); Program program = compile(device, weights, how)) {
            program.run();
            graph.outputs().keySet().forEach(name -> results.put(name, program.output(name).copy()));
            weights.names().stream().filter(name -> weights.type(name).dtype().isFloating())
                .forEach(name -> results.put(name, weights.get(name)));
        }
        return results;
    }

    /** The program on a device, its inputs filled; {@code weights} take the variables. */
    Program compile(Device device, Weights weights, Compilation how) {
        variables().forEach(weights::put);
        weights.initialize(graph, SEED);
        Program program = device.compile(graph, weights, how);
        graph.inputs().keySet().forEach(name -> fill(name, program.input(name)));
        return program;
    }
}
