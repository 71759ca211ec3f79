package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Five steps of each optimizer on a quadratic, against PyTorch and PySlowFast's LARS in float64. */
class GoldenOptimizersTest {
    private static final double TOLERANCE = 1e-12;
    private static final JsonObject GOLDEN = GoldenFile.json("optim/optimizers.json");
    private static final JsonObject PROBLEM = GOLDEN.getAsJsonObject("_problem");

    private final Graph graph = new Graph();

    static Stream<String> trajectories() {
        return GOLDEN.keySet().stream().filter(name -> !name.startsWith("_"));
    }

    @ParameterizedTest
    @MethodSource("trajectories")
    void trajectory(String name) {
        JsonObject hyper = GOLDEN.getAsJsonObject(name).getAsJsonObject("hyper");
        Value w = graph.parameter("W", Shape.of(4, 3), Initializer.ZEROS);
        Value b = graph.parameter("b", Shape.of(4), Initializer.ZEROS);
        Value loss = Add.of(quadratic(w), quadratic(b));
        graph.output("loss", loss);
        List<Value> gradients = Gradients.of(loss, List.of(w, b));
        Value rate = graph.input("rate", DType.F32, Shape.SCALAR);
        Value step = Increment.of(graph.state("step", DType.I64, Shape.of(1), Initializer.ZEROS));
        update(optimizer(name, hyper, "W"), w, gradients.get(0), rate, step);
        update(optimizer(name, hyper, "b"), b, gradients.get(1), rate, step);
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.put("W", HostArray.of(w.shape(), GoldenFile.numbers(PROBLEM.get("W0"))));
            weights.put("b", HostArray.of(b.shape(), GoldenFile.numbers(PROBLEM.get("b0"))));
            weights.initialize(graph, 0);
            run(device, weights, name, hyper);
        }
    }

    /** sum(A * (p - target)^2) / 2. */
    private Value quadratic(Value p) {
        String name = Graph.variableOf(p);
        Value difference = Add.of(p, Scale.of(graph.input(name + "T", DType.F32, p.shape()), -1));
        Value squares = Mul.of(Mul.of(difference, difference), graph.input("A" + name, DType.F32, p.shape()));
        return Scale.of(p.shape().rank() == 2 ? Reduce.sum(squares, 0, 1) : Reduce.sum(squares, 0), 0.5);
    }

    private static double number(JsonObject hyper, String key, String of) {
        String own = key + "_" + of;
        return hyper.has(own) ? hyper.get(own).getAsDouble() : hyper.has(key) ? hyper.get(key).getAsDouble() : 0;
    }

    private static boolean flag(JsonObject hyper, String key) {
        return hyper.has(key) && hyper.get(key).getAsBoolean();
    }

    private static Op optimizer(String name, JsonObject hyper, String of) {
        double decay = number(hyper, "weight_decay", of);
        double momentum = number(hyper, "momentum", of);
        boolean nesterov = flag(hyper, "nesterov");
        if (name.startsWith("adam")) {
            double[] betas = GoldenFile.numbers(hyper.get("betas"));
            return new Adam(betas[0], betas[1], hyper.get("eps").getAsDouble(), decay, name.startsWith("adamw"));
        }
        if (name.startsWith("lars")) {
            return of.equals("b") ? new Sgd(momentum, 0, nesterov, 0) : new Lars(momentum, 0, nesterov, decay,
                hyper.get("trust_coefficient").getAsDouble(), hyper.get("eps").getAsDouble(), flag(hyper, "clip"));
        }
        return new Sgd(momentum, number(hyper, "dampening", of), nesterov, decay);
    }

    private void update(Op op, Value p, Value gradient, Value rate, Value step) {
        int buffers = op instanceof Adam ? 2 : op.writes().length - 1;
        List<Value> in = new ArrayList<>(List.of(p, gradient, rate));
        for (int i = 0; i < buffers; i++) {
            in.add(graph.state(Graph.variableOf(p) + ".buffer" + i, DType.F32, p.shape(), Initializer.ZEROS));
        }
        if (buffers > 0) {
            in.add(step);
        }
        graph.append(op, in);
    }

    private void run(Device device, Weights weights, String name, JsonObject hyper) {
        try (Program program = device.compile(graph, weights)) {
            for (String input : List.of("WT", "bT", "AW", "Ab")) {
                HostArray array = program.input(input);
                array.put(GoldenFile.numbers(PROBLEM.get(input)));
            }
            int count = 0;
            for (var each : GOLDEN.getAsJsonObject(name).getAsJsonArray("steps")) {
                JsonObject golden = each.getAsJsonObject();
                double rate = hyper.has("lr_per_step") ? GoldenFile.numbers(hyper.get("lr_per_step"))[count] : hyper.get("lr").getAsDouble();
                program.input("rate").set(0, rate);
                program.run();
                String step = name + ", step " + ++count;
                check(golden, "loss_before", program.output("loss"), step);
                check(golden, "W", weights.get("W"), step);
                check(golden, "b", weights.get("b"), step);
            }
            assertEquals(5, count);
        }
    }

    /** The rate of one trajectory is so high that it diverges, to numbers of 1e6: hence relative to the largest where that is above 1. */
    private static void check(JsonObject golden, String name, HostArray actual, String step) {
        double[] expected = GoldenFile.numbers(golden.get(name));
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        assertArrayEquals(expected, actual.toDoubles(), TOLERANCE * Math.max(1, largest), step + ", " + name);
    }
}
