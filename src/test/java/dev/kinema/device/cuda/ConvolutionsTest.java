package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Relu;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the rules of convolutions and products do beyond the numbers, which the conformance suite holds: when, where and in which type. */
class ConvolutionsTest extends OnEmulatedDevice {
    private static final Shape MAP = Shape.of(1, 2, 4, 4, 16);
    private static final Shape FILTER = Shape.of(16, 16, 1, 3, 3);
    private static final Extent PADDING = new Extent(0, 1, 1);

    private static Value parameter(Graph graph, String name, Shape shape) {
        return graph.parameter(name, shape, new Initializer.Normal(1));
    }

    private static HostArray filled(Shape shape, double value) {
        double[] values = new double[(int) shape.elements()];
        Arrays.fill(values, value);
        return HostArray.of(shape, values);
    }

    /** How many steps of the program are described so. */
    private static long steps(Program program, String when, String what) {
        return program.describe().lines().filter(line -> line.startsWith(when) && line.contains(": " + what)).count();
    }

    @Test
    void weightsThatAreNotTrainedArePackedOnceAndAgainWhenTheyChange() {
        Graph graph = new Graph();
        graph.output("y", Conv3d.of(graph.input("x", DType.F32, MAP), parameter(graph, "w", FILTER), Extent.ONE, PADDING));
        weights.initialize(graph, 1);
        try (Program program = device.compile(graph, weights)) {
            assertEquals(1, steps(program, "once", "conv3d.pack"), program.describe());
            assertEquals(0, steps(program, "run", "conv3d.pack"), program.describe());
            program.input("x").put(filled(MAP, 1));
            program.run();
            double before = program.output("y").get(0);
            weights.put("w", filled(FILTER, 0.5));
            program.run();
            // the first pixel is in a corner: 4 taps of 16 channels meet it
            assertEquals(0.5 * 4 * 16, program.output("y").get(0));
            assertNotEquals(before, program.output("y").get(0));
        }
    }

    /** relu(x) + what a fused convolution makes of it, where {@code again} says whether the sum is read beside the result. */
    private Program residual(boolean again) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, MAP);
        Value added = Relu.of(graph.input("z", DType.F32, MAP));
        FusedConv3d op = new FusedConv3d(Extent.ONE, PADDING, true, true);
        Value y = graph.append(op, List.of(x, parameter(graph, "w", FILTER), parameter(graph, "b", Shape.of(16)), added)).output(0);
        graph.output("y", Relu.of(y));
        if (again) {
            graph.output("added", added);
        }
        weights.initialize(graph, 1);
        return device.compile(graph, weights);
    }

    private static long bytes(MemoryPlan plan) {
        return plan.unsharedBytes() + plan.persistentBytes();
    }

    @Test
    void aResidualThatNobodyReadsAgainIsOverwritten() {
        try (Program program = residual(false); Program keeping = residual(true)) {
            long map = MAP.elements() * 4;
            assertTrue(bytes(program.memoryPlan()) + map <= bytes(keeping.memoryPlan()),
                program.memoryPlan() + ", " + keeping.memoryPlan());
            for (Program p : List.of(program, keeping)) {
                IntStream.range(0, (int) MAP.elements()).forEach(i -> p.input("x").set(i, Math.sin(i)));
                IntStream.range(0, (int) MAP.elements()).forEach(i -> p.input("z").set(i, Math.cos(i)));
                p.run();
            }
            assertEquals(Arrays.toString(keeping.output("y").toDoubles()), Arrays.toString(program.output("y").toDoubles()));
        }
    }

    @Test
    void aProductThatOnlyProductsReadIsStoredAsTheyReadIt() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(4, 16));
        Value hidden = Linear.of(x, parameter(graph, "w", Shape.of(32, 16)), null);
        graph.output("y", Linear.of(hidden, parameter(graph, "v", Shape.of(8, 32)), null));
        weights.initialize(graph, 1);
        try (Program program = device.compile(graph, weights, Compilation.BF16)) {
            assertEquals(2, steps(program, "once", "elementwise.convert"), "two weights: " + program.describe());
            assertEquals(1, steps(program, "run", "elementwise.convert"), "x: " + program.describe());
        }
    }
}
