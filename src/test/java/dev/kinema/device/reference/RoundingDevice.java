package dev.kinema.device.reference;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Fusion;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Schedule;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Variable;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * The reference with everything between two operations rounded: what a faultless device of that precision computes. Versions of variables
 * stay exact.
 */
final class RoundingDevice implements Device {
    private final DoubleUnaryOperator rounding;
    private final Workers workers = new Workers(1);

    RoundingDevice(DoubleUnaryOperator rounding) {
        this.rounding = rounding;
    }

    static double toFloat(double x) {
        return (float) x;
    }

    static double toBf16(double x) {
        return Float.intBitsToFloat(HostArray.toBf16((float) x) << 16);
    }

    /** The nearest number of that many significant bits. */
    static double toBits(double x, int bits) {
        double unit = Math.scalb(1.0, Math.getExponent(x) + 1 - bits);
        return x == 0 ? 0 : Math.rint(x / unit) * unit;
    }

    @Override
    public String name() {
        return "rounding";
    }

    @Override
    public Weights newWeights() {
        return new ReferenceWeights();
    }

    @Override
    public Program compile(Graph graph, Weights weights, Compilation how) {
        return new RoundingProgram(how.fuse() ? Fusion.apply(graph) : graph, (ReferenceWeights) weights);
    }

    @Override
    public String description() {
        return "the reference with rounded values";
    }

    @Override
    public boolean supports(Precision precision) {
        return true;
    }

    @Override
    public void close() {
        workers.close();
    }

    private final class RoundingProgram implements Program {
        private final ReferenceWeights weights;
        private final List<Node> nodes;
        private final Map<String, HostArray> inputs = new HashMap<>();
        private final Map<String, HostArray> outputs = new HashMap<>();
        private final Map<String, Value> outputValues;

        RoundingProgram(Graph graph, ReferenceWeights weights) {
            this.weights = weights;
            nodes = Schedule.of(graph).nodes();
            outputValues = graph.outputs();
            graph.inputs().forEach((name, v) -> inputs.put(name, array(v)));
            graph.outputs().forEach((name, v) -> outputs.put(name, array(v)));
        }

        private HostArray array(Value v) {
            return HostArray.allocate(v.dtype().isFloating() ? DType.F64 : v.dtype(), v.shape());
        }

        @Override
        public void run() {
            Map<Value, Object> values = new HashMap<>();
            nodes.forEach(node -> compute(node, values));
            outputValues.forEach((name, v) -> Elements.copyInto(outputs.get(name), rounded(values.get(v))));
            nodes.stream().filter(Node::hasEffect).forEach(node -> {
                for (int i = 0; i < node.op().writes().length; i++) {
                    weights.replace(Graph.variableOf(node.output(i)), values.get(node.output(i)));
                }
            });
        }

        private void compute(Node node, Map<Value, Object> values) {
            if (node.op() instanceof Input input) {
                values.put(node.output(0), Elements.copyOf(inputs.get(input.name())));
            } else if (node.op() instanceof Variable variable) {
                values.put(node.output(0), weights.elements(variable.name()));
            } else {
                Object[] in = node.inputs().stream().map(v -> Graph.isVariable(v) && node.hasEffect() ? values.get(v) : rounded(values.get(v)))
                    .toArray();
                Call call = new Call(node, in, workers);
                Kernels.run(node.op(), call);
                node.outputs().forEach(v -> values.put(v, call.outElements(v.index())));
            }
        }

        private Object rounded(Object elements) {
            return elements instanceof double[] x ? Arrays.stream(x).map(rounding).toArray() : elements;
        }

        @Override
        public HostArray input(String name) {
            return inputs.get(name);
        }

        @Override
        public HostArray output(String name) {
            return outputs.get(name);
        }

        @Override
        public MemoryPlan memoryPlan() {
            return MemoryPlan.of(List.of(), 0);
        }

        @Override
        public String describe() {
            return name();
        }

        @Override
        public void close() {}
    }
}
