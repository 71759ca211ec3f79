package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.stream.IntStream;

/**
 * The graph of one conformance case with the data it is run on. Numbers depend on the names alone, are never zero or all the same, and are exact
 * in float32.
 */
public final class CaseGraph {
    private final Graph graph = new Graph();
    private final String seed;
    private final Map<String, HostArray> inputs = new LinkedHashMap<>();
    private final Map<String, HostArray> variables = new LinkedHashMap<>();
    private final Set<String> exact = new HashSet<>();
    private boolean smooth = true;
    private Value result;
    private List<Value> variablesOfResult = List.of();

    CaseGraph(String seed) {
        this.seed = seed;
    }

    public Graph graph() {
        return graph;
    }

    /** What to fill the program's inputs with. */
    public Map<String, HostArray> inputs() {
        return inputs;
    }

    /** What to put into the weights. */
    public Map<String, HostArray> variables() {
        return variables;
    }

    /** Names of the data that every precision represents exactly, so that it decides comparisons in the same way. */
    public Set<String> exact() {
        return exact;
    }

    /** Normally distributed, but nothing close to zero, where ReLU has its kink. */
    public Value floats(String name, int... dims) {
        Random random = random(name);
        return input(name, dims, () -> awayFromZero(random.nextGaussian()));
    }

    /** Uniform in [from, to). */
    public Value uniform(String name, double from, double to, int... dims) {
        Random random = random(name);
        return input(name, dims, () -> from + (to - from) * random.nextDouble());
    }

    /** Sixteenths below 16 in steps that do not repeat within 509 elements: distinct, and exact in bfloat16. */
    public Value distinct(String name, int... dims) {
        int[] n = {name.hashCode() & 0xFF};
        exact.add(name);
        return input(name, dims, () -> ((n[0] += 97) % 509 - 254) / 16.0);
    }

    /** Few different values, exact in bfloat16: full of ties. */
    public Value coarse(String name, int... dims) {
        Random random = random(name);
        exact.add(name);
        smooth = false;
        return input(name, dims, () -> random.nextInt(7) - 3);
    }

    /** Says that values within may lie at a kink, as of ReLU, over which differences are no derivatives. */
    void mayKink() {
        smooth = false;
    }

    /** A trained variable, normally distributed with the standard deviation {@code std}. */
    public Value parameter(String name, double std, int... dims) {
        Random random = random(name);
        Value value = graph.parameter(name, Shape.of(dims), Initializer.ZEROS);
        variables.put(name, array(Shape.of(dims), () -> std * awayFromZero(random.nextGaussian())));
        return value;
    }

    /** A state variable, uniform in [from, to). */
    public Value state(String name, double from, double to, int... dims) {
        Random random = random(name);
        Value value = graph.state(name, DType.F32, Shape.of(dims), Initializer.ZEROS);
        variables.put(name, array(Shape.of(dims), () -> from + (to - from) * random.nextDouble()));
        return value;
    }

    /** A state variable int64 [values.length]. */
    public Value counter(String name, long... values) {
        variables.put(name, HostArray.of(Shape.of(values.length), values));
        return graph.state(name, DType.I64, Shape.of(values.length), Initializer.ZEROS);
    }

    /** A state variable int32 [values.length]. */
    public Value owners(String name, long... values) {
        variables.put(name, HostArrays.ofInts(Shape.of(values.length), values));
        return graph.state(name, DType.I32, Shape.of(values.length), Initializer.ZEROS);
    }

    /** An input int64 [values.length]. */
    public Value longs(String name, long... values) {
        inputs.put(name, HostArray.of(Shape.of(values.length), values));
        return graph.input(name, DType.I64, Shape.of(values.length));
    }

    /** Uniform integers from 0 to below {@code bound}. */
    public Value integers(String name, DType dtype, int bound, int... dims) {
        Random random = random(name);
        HostArray array = HostArray.allocate(dtype, Shape.of(dims));
        for (int i = 0; i < array.elements(); i++) {
            array.set(i, (long) random.nextInt(bound));
        }
        return integers(name, array);
    }

    public Value integers(String name, HostArray array) {
        inputs.put(name, array);
        return graph.input(name, array.dtype(), array.shape());
    }

    /**
     * A probability of dropout that lies between two words of a stream's, the lower of which an element has: it is dropped, which a
     * probability that is rounded down to that word would not do.
     *
     * @param salt of the stream
     */
    static double probabilityJustAboveAWord(long seed, long step, int salt) {
        Philox stream = new Philox(seed, step, salt);
        return IntStream.range(0, 16).mapToDouble(stream::uniform).filter(u -> u > 0.2 && u < 0.6).findFirst().orElseThrow() + 0x1p-33;
    }

    public void output(String name, Value value) {
        graph.output(name, value);
    }

    /** Outputs {@code y}, and says which values it is to be differentiated for. */
    public void result(Value y, Value... by) {
        output("y", y);
        result = y;
        variablesOfResult = List.of(by);
    }

    public boolean differentiable() {
        return !variablesOfResult.isEmpty();
    }

    /** Whether the result has a derivative at the data, which it has not where a maximum has two winners. */
    public boolean smooth() {
        return smooth;
    }

    /** Values the result is differentiated for. */
    public List<Value> differentiated() {
        return variablesOfResult;
    }

    /** The name of an input or variable. */
    public static String name(Value value) {
        return value.node().op() instanceof Input input ? input.name() : Graph.variableOf(value);
    }

    /** Appends loss = sum(y * G) with random G as the output {@code loss}. */
    Value appendLoss() {
        Value upstream = floats("G", result.shape().dims());
        Value loss = Reduce.sum(Mul.of(result, upstream), IntStream.range(0, result.shape().rank()).boxed().toArray(Integer[]::new));
        output("loss", loss);
        return loss;
    }

    /** Appends the loss and its derivatives, as the outputs {@code d NAME}. */
    void appendGradients() {
        List<Value> gradients = Gradients.of(appendLoss(), variablesOfResult);
        for (int i = 0; i < gradients.size(); i++) {
            output("d " + name(variablesOfResult.get(i)), gradients.get(i));
        }
    }

    /**
     * The longest sum that an output element may be made of: the most arithmetic, or the most elements, that any operation spends on one of its
     * output elements.
     */
    double reductionLength() {
        double longest = 1;
        for (var node : graph.nodes()) {
            long spent = Math.max(node.flops() / 2, node.inputTypes().stream().mapToLong(t -> t.shape().elements()).sum());
            for (Type out : node.outputTypes()) {
                longest = Math.max(longest, (double) spent / Math.max(1, out.shape().elements()));
            }
        }
        return longest;
    }

    private Value input(String name, int[] dims, DoubleSupplier next) {
        inputs.put(name, array(Shape.of(dims), next));
        return graph.input(name, DType.F32, Shape.of(dims));
    }

    private static HostArray array(Shape shape, DoubleSupplier next) {
        HostArray array = HostArray.allocate(DType.F32, shape);
        for (int i = 0; i < array.elements(); i++) {
            array.set(i, next.getAsDouble());
        }
        return array;
    }

    private static double awayFromZero(double x) {
        return x + Math.copySign(0.02, x);
    }

    private Random random(String name) {
        return new Random(31L * seed.hashCode() + name.hashCode());
    }
}
