package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    void onlyTheCpuComputesInIt() {
        try (Device cpu = Device.open("cpu", 1); Device reference = Device.open("reference")) {
            assertTrue(cpu.supports(Precision.INT8));
            assertFalse(reference.supports(Precision.INT8));
        }
    }

    private static void assertSaid(String part, Device device, Graph graph, Weights weights, Compilation how) {
        String message = assertThrows(KinemaException.class, () -> device.compile(graph, weights, how)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
