package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.StepClock;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Adam;
import dev.kinema.graph.op.ClipFactor;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Lars;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Updates of many tensors become few steps, which change nothing in the numbers. */
class UpdateGroupTest extends OnEmulatedDevice {
    private static final int[] SIZES = {5, 1, 33, 64, 7};

    private static Value state(Graph graph, String name, int size) {
        return graph.state(name, DType.F32, Shape.of(size), new Initializer.Uniform(1));
    }

    /** One update of each tensor from..to, by the gradient 3 p. */
    private static Graph updates(Op op, int buffers, int from, int to) {
        Graph graph = new Graph();
        Value rate = Fill.scalar(graph, 0.125);
        Value step = buffers == 0 ? null : Increment.of(graph.state("step", DType.I64, Shape.of(1), new Initializer.Constant(0)));
        for (int t = from; t < to; t++) {
            Value p = state(graph, "p" + t, SIZES[t]);
            List<Value> in = new ArrayList<>(List.of(p, Scale.of(p, 3), rate));
            for (int b = 0; b < buffers; b++) {
                in.add(graph.state("p" + t + ".buffer" + b, DType.F32, Shape.of(SIZES[t]), new Initializer.Constant(0.5)));
            }
            if (buffers > 0) {
                in.add(step);
            }
            graph.append(op, in);
        }
        return graph;
    }

    /** What three runs leave in the variables, and how many steps of the optimizer the program has. */
    private int run(Graph graph, Map<String, double[]> results) {
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            int steps;
            try (Program program = device.compile(graph, weights)) {
                for (int i = 0; i < 3; i++) {
                    program.run();
                }
                steps = (int) program.describe().lines().filter(l -> l.contains(": optimizer.") && l.contains(" of ")).count();
            }
            graph.variables().keySet().forEach(name -> results.put(name, weights.get(name).toDoubles()));
            return steps;
        }
    }

    private void assertGrouped(Op op, int buffers) {
        Map<String, double[]> grouped = new LinkedHashMap<>();
        assertEquals(1, run(updates(op, buffers, 0, SIZES.length), grouped), "steps of " + op);
        for (int t = 0; t < SIZES.length; t++) {
            Map<String, double[]> alone = new LinkedHashMap<>();
            run(updates(op, buffers, t, t + 1), alone);
            assertFalse(alone.isEmpty());
            alone.forEach((name, values) -> assertArrayEquals(values, grouped.get(name), name));
        }
    }

    @Test
    void updatesOfOneKindAreOneStepWithTheSameBits() {
        assertGrouped(new Sgd(0, 0, false, 0.01), 0);
        assertGrouped(new Lars(0.9, 0, true, 0.01, 0.02, 1e-8, false), 1);
        assertGrouped(new Adam(0.9, 0.98, 1e-6, 0.05, true), 2);
    }

    /** What the launch of a step says of itself when it is refused, after {@code before} others of a run; empty if the run has no such. */
    private static String launch(Program program, long before) {
        // a run that is refused leaves preparation to the next
        program.run();
        assertEquals(Kinema.KN_OK, Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, before));
        try {
            program.run(new StepClock(program.steps().size()));
            return "";
        } catch (KinemaException e) {
            return e.getMessage();
        } finally {
            Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, -1);
        }
    }

    /** More tensors than the argument list of a kernel has room for, and than a block of it has threads. */
    @Test
    void aGroupIsOneLaunchHoweverManyTensorsItHas() {
        int many = 300;
        Graph graph = new Graph();
        Value rate = Fill.scalar(graph, 0.5);
        Value step = Increment.of(graph.state("step", DType.I64, Shape.of(1), new Initializer.Constant(0)));
        for (int t = 0; t < many; t++) {
            Value gradient = state(graph, "g" + t, 1 + t % 5);
            graph.append(new Lars(0.9, 0, false, 0, 0.02, 1e-8, false), List.of(state(graph, "p" + t, 1 + t % 5), gradient, rate,
                state(graph, "b" + t, 1 + t % 5), step));
        }
        for (int t = 0; t < many; t++) {
            Ema.of(state(graph, "mean" + t, 1 + t % 5), state(graph, "g" + t, 1 + t % 5), rate);
        }
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                String launches = launch(program, 0) + launch(program, 1) + launch(program, 2) + launch(program, 3);
                for (String name : List.of("optimizer.increment", "optimizer.lars v2 of 300 tensors", "optimizer.average v2 of 300 tensors")) {
                    assertTrue(launches.contains(name), () -> name + " in " + launches);
                }
                assertEquals("", launch(program, 4), "increment, two for LARS, one for averages");
            }
        }
    }

    /** Adam with clipping, weight decay on every other tensor, as a network's weights and biases have it. */
    private static Graph clipped(double limit) {
        Graph graph = new Graph();
        Value step = Increment.of(graph.state("step", DType.I64, Shape.of(1), new Initializer.Constant(0)));
        List<Value> gradients = new ArrayList<>();
        for (int t = 0; t < SIZES.length; t++) {
            gradients.add(Scale.of(state(graph, "p" + t, SIZES[t]), 3));
        }
        Value factor = ClipFactor.of(GlobalNorm.of(gradients), limit);
        for (int t = 0; t < SIZES.length; t++) {
            Value gradient = Mul.of(gradients.get(t), factor);
            List<Value> in = new ArrayList<>(List.of(graph.variables().get("p" + t), gradient, Fill.scalar(graph, 0.125)));
            in.add(state(graph, "first" + t, SIZES[t]));
            in.add(graph.state("second" + t, DType.F32, Shape.of(SIZES[t]), new Initializer.Constant(0.5)));
            in.add(step);
            graph.append(new Adam(0.9, 0.98, 1e-6, t % 2 == 0 ? 0.05 : 0, true), in);
        }
        return graph;
    }

    @Test
    void groupsTakeTurnsAndClipInPassing() {
        Graph graph = clipped(0.5);
        Map<String, double[]> fused = new LinkedHashMap<>();
        assertEquals(2, run(graph, fused), "one group with weight decay, one without");
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                assertFalse(program.describe().contains("elementwise.binary"), program.describe());
            }
            // with finite checks every node is a step of its own, with the same roundings
            try (Program program = device.compile(graph, weights, Compilation.FP32.withFiniteChecks())) {
                assertTrue(program.describe().contains("elementwise.binary"), program.describe());
                for (int i = 0; i < 3; i++) {
                    program.run();
                }
            }
            fused.forEach((name, values) -> assertArrayEquals(values, weights.get(name).toDoubles(), name));
        }
        Map<String, double[]> unclipped = new LinkedHashMap<>();
        run(clipped(1e9), unclipped);
        assertFalse(Arrays.equals(unclipped.get("first2"), fused.get("first2")), "clipping changes the moments");
    }

    @Test
    void aFactorThatWouldBeOverwrittenIsAppliedAtOnce() {
        Graph graph = new Graph();
        Value p = state(graph, "p", 4);
        Value gradient = Scale.of(p, 3);
        Value factor = ClipFactor.of(GlobalNorm.of(List.of(gradient)), 0.5);
        Value clipped = Mul.of(gradient, factor);
        // the last to read the gradient may work in its memory
        graph.output("other", Scale.of(Scale.of(gradient, -7), 2));
        graph.append(new Sgd(0, 0, false, 0), List.of(p, clipped, Fill.scalar(graph, 1)));
        try (Weights weights = device.newWeights()) {
            weights.put("p", HostArray.of(Shape.of(4), 1.0, 1.0, 1.0, 1.0));
            try (Program program = device.compile(graph, weights)) {
                program.run();
            }
            // |gradient| = 6: each 3 becomes about 1/4, by three roundings (sum, factor, product), and about 3/4 is left, by one
            assertEquals(1 - 3 * 0.5 / (6 + 1e-6), weights.get("p").get(0), (3 * 0.25 + 0.5) * 0x1p-24);
        }
    }

    @Test
    void anUpdateThatDependsOnTheOneBeforeIsAStepOfItsOwn() {
        Graph graph = new Graph();
        Value a = state(graph, "a", 4);
        Value b = state(graph, "b", 4);
        Value half = Fill.scalar(graph, 0.5);
        Value once = Ema.of(a, b, half);
        Ema.of(once, b, half);
        Map<String, double[]> results = new LinkedHashMap<>();
        Graph first = new Graph();
        state(first, "a", 4);
        state(first, "b", 4);
        Map<String, double[]> before = new LinkedHashMap<>();
        run(first, before);
        assertEquals(2, run(graph, results), "steps");
        for (int i = 0; i < 4; i++) {
            double expected = before.get("b")[i] + (before.get("a")[i] - before.get("b")[i]) / 64;
            // three runs of two halvings of the distance; numbers below 1 are rounded by 2^-25 at most, and that is halved with the rest
            assertEquals(expected, results.get("a")[i], 2 * 0x1p-25);
        }
    }
}
