package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Relu;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Conv3d;
import dev.kinema.nn.Pass;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which convolutions int8 is for, and what the cpu device makes of them. */
class QuantizationTest {
    private static final String STEM = "s1.pathway0_stem.conv.weight";

    private static Graph slow(DType dtype) {
        Graph graph = new Graph();
        Value clips = graph.input("clips", dtype, Shape.of(1, 16, 32, 32, 3));
        Value pictures = dtype == DType.U8 ? NormalizeFrames.of(clips, NormalizeFrames.KINETICS) : clips;
        graph.output("feature", new Slow(SlowConfig.slowD(26).withWidth(16)).feature(Pass.eval(graph), pictures));
        return graph;
    }

    /** Pictures have a range that is known; floats that might be anything are left to finer numbers. */
    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"U8", "F32"})
    void allConvolutions(DType dtype) {
        Graph graph = slow(dtype);
        Set<String> all = graph.variables().keySet().stream().filter(n -> n.endsWith("weight") && graph.variables().get(n).shape().rank() == 5)
            .collect(Collectors.toSet());
        Set<String> covered = graph.nodes().stream().flatMap(n -> Quantization.weight(n).stream()).collect(Collectors.toSet());
        assertEquals(dtype == DType.U8, covered.contains(STEM));
        assertTrue(all.remove(STEM), all.toString());
        assertEquals(all, Quantization.inputs(graph).keySet());
        assertEquals(all, Quantization.inputs(Fusion.apply(graph)).keySet());
    }

    /** Where the cpu device does not compute in it, its tests are aborted. */
    private static void assumeInt8(Device device) {
        assumeTrue(device.supports(Precision.INT8), "this processor has no VNNI");
    }

    /** relu(conv(relu(x))) with numbers that bytes hold exactly: the steps are 1, the sums integers. */
    @Test
    void whatBytesHoldIsExact() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 2, 5, 5, 16));
        Value y = Conv3d.same(32, new Extent(3, 1, 1), Extent.ONE).apply(Pass.eval(graph).at("conv"), Relu.of(x));
        graph.output("y", y);
        Philox random = new Philox(1, 0, 0);
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights();
                Device other = Device.open("reference"); Weights same = other.newWeights()) {
            assumeInt8(device);
            weights.initialize(graph, 1);
            HostArray w = HostArray.allocate(DType.F32, weights.get("conv.weight").shape());
            for (int i = 0; i < w.elements(); i++) {
                // the largest of each output channel is 127: a step is 1
                w.set(i, i % 48 == 0 ? 127.0 : Math.floor(random.uniform(i) * 255) - 127);
            }
            weights.put("conv.weight", w);
            same.initialize(graph, 1);
            same.put("conv.weight", w);
            Compilation how = Compilation.int8(new ActivationRanges(Map.of("conv.weight", 255.0)));
            try (Program program = device.compile(graph, weights, how); Program exact = other.compile(graph, same)) {
                assertTrue(program.describe().contains("int8 conv"), program.describe());
                for (int i = 0; i < program.input("x").elements(); i++) {
                    double v = Math.floor(random.uniform(10_000 + i) * 300) - 44;
                    program.input("x").set(i, v);
                    exact.input("x").set(i, v);
                }
                program.run();
                exact.run();
                for (int i = 0; i < program.output("y").elements(); i++) {
                    // the sum is exact, and stored in bfloat16 where the device has it: 8 bits
                    double expected = exact.output("y").get(i);
                    assertEquals(expected, program.output("y").get(i), Math.abs(expected) * 0x1p-8, "element " + i);
                }
            }
        }
    }

    @Test
    void whatCannotBeIsSaid() {
        Graph graph = slow(DType.U8);
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            assumeInt8(device);
            weights.initialize(graph, 1);
            assertSaid("kinema calibrate", device, graph, weights, Compilation.int8(ActivationRanges.NONE));
            assertSaid("s2.pathway0_res0", device, graph, weights, Compilation.int8(new ActivationRanges(Map.of("other", 1.0))));
            Graph training = new Graph();
            Value clips = training.input("clips", DType.F32, Shape.of(1, 16, 32, 32, 3));
            Value loss = Reduce.mean(new Slow(SlowConfig.slowD(26).withWidth(16)).feature(Pass.eval(training), clips), 0, 1);
            Value weight = training.variables().get("s2.pathway0_res0.branch2.a.weight");
            training.output("gradient", Gradients.of(loss, List.of(weight)).get(0));
            assertSaid("for inference", device, training, weights, Compilation.int8(ActivationRanges.NONE));
        }
        KinemaException e = assertThrows(KinemaException.class, () -> new ActivationRanges(Map.of("w", Double.NaN)));
        assertTrue(e.getMessage().contains("NaN"), e.getMessage());
    }

    @Test
    void aProcessorWithoutVnniRefuses() {
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            assumeFalse(device.supports(Precision.INT8), "this processor has VNNI");
            Graph graph = slow(DType.U8);
            weights.initialize(graph, 1);
            assertSaid("VNNI", device, graph, weights, Compilation.int8(ActivationRanges.NONE));
        }
    }

    /**
     * Slow-D's stem over bytes: its padding, and the sign of its input, are where a kernel of signed bytes may err.
     *
     * @param exact whether only 0 and 255 occur, which become -1 and 1, 127 steps of 1/127
     */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theStemOverFrames(boolean exact) {
        NormalizeFrames constants = new NormalizeFrames(List.of(0.5, 0.5, 0.5), List.of(0.5, 0.5, 0.5));
        Graph graph = new Graph();
        Value frames = graph.input("frames", DType.U8, Shape.of(2, 6, 17, 20, 3));
        graph.output("y", Conv3d.same(16, new Extent(5, 7, 7), new Extent(1, 2, 2)).apply(Pass.eval(graph).at("conv"),
            NormalizeFrames.of(frames, constants)));
        Philox random = new Philox(2, 0, 0);
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights();
                Device other = Device.open("reference"); Weights same = other.newWeights()) {
            assumeInt8(device);
            int row = 3 * 5 * 7 * 7;
            HostArray w = HostArray.allocate(DType.F32, Shape.of(16, 3, 5, 7, 7));
            double[] sum = new double[16];
            for (int i = 0; i < w.elements(); i++) {
                // the largest of each output channel is 127: a step is 1
                w.set(i, i % row == 0 ? 127.0 : Math.floor(random.uniform(i) * 255) - 127);
                sum[i / row] += Math.abs(w.get(i));
            }
            weights.put("conv.weight", w);
            same.put("conv.weight", w);
            try (Program program = device.compile(graph, weights, Compilation.int8(ActivationRanges.NONE));
                    Program plain = other.compile(graph, same)) {
                assertTrue(program.describe().contains("int8 conv"), program.describe());
                for (int i = 0; i < program.input("frames").elements(); i++) {
                    long bits = random.bits(100_000 + i) & 0xFF;
                    long v = exact ? 255 * (bits & 1) : bits;
                    program.input("frames").set(i, v);
                    plain.input("frames").set(i, v);
                }
                program.run();
                plain.run();
                for (int i = 0; i < program.output("y").elements(); i++) {
                    double expected = plain.output("y").get(i);
                    // half a step of 1/127 for each tap, and a bfloat16's 8 bits
                    double rounding = exact ? 0 : sum[i % 16] / 254;
                    assertEquals(expected, program.output("y").get(i), rounding + (Math.abs(expected) + rounding) * 0x1p-8, "element " + i);
                }
            }
        }
    }

    @Test
    void weightsThatAreNoNumbersAreNamed() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(1, 2, 5, 5, 16));
        graph.output("y", Conv3d.same(32, Extent.ONE, Extent.ONE).apply(Pass.eval(graph).at("conv"), Relu.of(x)));
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            assumeInt8(device);
            weights.initialize(graph, 1);
            for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY}) {
                HostArray w = HostArray.allocate(DType.F32, Shape.of(32, 16, 1, 1, 1));
                w.set(16 * 5 + 3, (double) bad);
                weights.put("conv.weight", w);
                try (Program program = device.compile(graph, weights, Compilation.int8(new ActivationRanges(Map.of("conv.weight", 1.0))))) {
                    String message = assertThrows(KinemaException.class, program::run).getMessage();
                    assertTrue(message.contains("conv.weight has a " + bad + " in output channel 5"), message);
                }
            }
        }
    }

    /** Two convolutions read one value, which is made bytes of once. */
    @Test
    void rangesOfOneValueAgree() {
        Graph graph = new Graph();
        Value x = Relu.of(graph.input("x", DType.F32, Shape.of(1, 2, 5, 5, 16)));
        for (String name : List.of("a", "b")) {
            graph.output(name, Conv3d.same(16, Extent.ONE, Extent.ONE).apply(Pass.eval(graph).at(name), x));
        }
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            assumeInt8(device);
            weights.initialize(graph, 1);
            assertSaid("they are the same", device, graph, weights,
                Compilation.int8(new ActivationRanges(Map.of("a.weight", 1.0, "b.weight", 2.0))));
            device.compile(graph, weights, Compilation.int8(new ActivationRanges(Map.of("a.weight", 2.0, "b.weight", 2.0)))).close();
        }
    }

    @Test
    void onlyTheCpuComputesInIt() {
        try (Device cpu = Device.open("cpu", 1); Device reference = Device.open("reference")) {
            assertEquals(cpu.supports(Precision.INT8), !cpu.description().contains("no VNNI"), cpu.description());
            assertFalse(reference.supports(Precision.INT8));
        }
    }

    private static void assertSaid(String part, Device device, Graph graph, Weights weights, Compilation how) {
        String message = assertThrows(KinemaException.class, () -> device.compile(graph, weights, how)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
