package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.CaseGraph;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.DeviceConformance;
import dev.kinema.device.OpCase;
import dev.kinema.device.Precision;
import dev.kinema.device.Weights;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Relu;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Ways to compute convolutions and their gradients that only training takes, and only at shapes that the common cases do not have. */
class TrainingConvolutionsTest {
    private static final Extent STRIDE = new Extent(1, 2, 2);

    private static final OpCase TIME = new OpCase("3x1x1, rows that end early", g -> convolution(g, new Extent(3, 1, 1), 224, 1, 15, 4, 5, 256));
    private static final OpCase SPACE = new OpCase("1x3x3, rows that end early", g -> convolution(g, new Extent(1, 3, 3), 96, 1, 17, 7, 8, 64));
    private static final OpCase SHORTCUT = new OpCase("a strided shortcut beside a branch", g -> stage(g, true));
    private static final OpCase BRANCH = new OpCase("a branch beside a strided shortcut", g -> stage(g, false));
    private static final List<OpCase> CASES = List.of(TIME, SPACE, SHORTCUT, BRANCH);

    private static void convolution(CaseGraph g, Extent kernel, int outputs, int... x) {
        Value video = g.floats("x", x);
        Value weight = g.parameter("weight", 0.1, outputs, x[4], kernel.t(), kernel.h(), kernel.w());
        g.result(Conv3d.of(video, weight, Extent.ONE, new Extent(kernel.t() / 2, kernel.h() / 2, kernel.w() / 2)), video, weight);
    }

    private static void stage(CaseGraph g, boolean shortcutFirst) {
        Value video = g.floats("x", 2, 3, 12, 14, 3);
        Value before = g.parameter("before", 0.3, 32, 3, 1, 3, 3);
        Value across = g.parameter("across", 0.2, 48, 32, 1, 1, 1);
        Value within = g.parameter("within", 0.1, 32, 32, 1, 3, 3);
        Value along = g.parameter("along", 0.1, 48, 32, 1, 3, 3);
        Extent around = new Extent(0, 1, 1);
        Value x = norm(g, "middle", Conv3d.of(Conv3d.of(video, before, Extent.ONE, around), within, Extent.ONE, around));
        Value first = shortcutFirst ? Conv3d.of(x, across, STRIDE, Extent.ZERO) : Conv3d.of(x, along, STRIDE, around);
        Value second = shortcutFirst ? Conv3d.of(x, along, STRIDE, around) : Conv3d.of(x, across, STRIDE, Extent.ZERO);
        g.result(Add.of(norm(g, "first", first), norm(g, "second", second)), video, before, within, across, along);
    }

    /** Its gradient is stored as its input is: blocked. */
    private static Value norm(CaseGraph g, String name, Value x) {
        int channels = x.shape().last();
        return g.graph().append(new BatchNorm(1e-5), List.of(x, g.parameter(name + " gamma", 1, channels),
            g.parameter(name + " beta", 1, channels))).output(0);
    }

    @TestFactory
    Stream<DynamicTest> float32() {
        return DeviceConformance.tests(Device.open("cpu", 2), Precision.FP32, CASES);
    }

    @TestFactory
    Stream<DynamicTest> bfloat16() {
        return DeviceConformance.tests(Device.open("cpu", 2), Precision.BF16, CASES);
    }

    @Test
    void float32GoesByWinogradBothWays() {
        for (OpCase c : List.of(TIME, SPACE)) {
            assertEquals(List.of("Conv3d", "Conv3dInputGradient"), nodes(c, "winograd"), c.name());
        }
    }

    @Test
    void pixelsOfShortcutsAreGathered() {
        for (OpCase c : List.of(SHORTCUT, BRANCH)) {
            assertEquals(List.of("Add"), nodes(c, "sum of pixels"), c.name());
        }
    }

    /** The mask of a norm's ReLU is used where the norm's gradient is the only reader of the ReLU's; a sum's ReLU needs none. */
    @Test
    void normsAndSumsComputeTheirRelu() {
        OpCase block = new OpCase("block", g -> {
            Value x = g.floats("x", 2, 3, 4, 5, 16);
            g.result(Relu.of(Add.of(Relu.of(norm(g, "norm", x)), x)), x);
        });
        assertEquals(List.of("BatchNorm", "Add"), nodes(block, "+relu"));
        assertEquals(List.of("ReluGradient"), nodes(block, "elementwise gradient"));
    }

    private static List<String> nodes(OpCase c, String kernel) {
        CaseGraph g = c.backward();
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (CpuProgram program = (CpuProgram) device.compile(g.graph(), weights, Compilation.FP32)) {
                return program.steps().stream().filter(s -> s.kernel().contains(kernel)).map(s -> s.node().op().opName())
                    .collect(Collectors.toList());
            }
        }
    }

    /** In a block full of NaN, and where values are looked at, the numbers are the same to the bit. */
    @TestFactory
    Stream<DynamicTest> nothingIsReadBeforeItIsWritten() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> {
            Map<String, float[]> plain = run(c.backward(), Compilation.FP32, false);
            for (Compilation how : List.of(Compilation.FP32, Compilation.FP32.withFiniteChecks())) {
                Map<String, float[]> poisoned = run(c.backward(), how, true);
                plain.forEach((name, values) -> assertArrayEquals(values, poisoned.get(name), name));
            }
        }));
    }

    private static Map<String, float[]> run(CaseGraph g, Compilation how, boolean poisoned) {
        Map<String, float[]> results = new TreeMap<>();
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (CpuProgram program = (CpuProgram) device.compile(g.graph(), weights, how)) {
                g.inputs().forEach((name, array) -> program.input(name).put(array));
                if (poisoned) {
                    program.poison();
                }
                program.run();
                g.graph().outputs().keySet().forEach(name -> results.put(name, program.output(name).toFloats()));
            }
        }
        return results;
    }
}
