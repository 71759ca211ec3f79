package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Fusion;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.Emulated;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Variable;
import dev.kinema.nn.Pass;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A narrow Slow-D in inference form, with all its 53 convolutions, on the emulated device against the reference. The bound is that of
 * {@code DeviceConformance}: three times what the reference itself is off by when its weights and its clips are off by a unit roundoff,
 * two roundings, and three times the accumulation of the longest sum in float32.
 */
class SlowOnEmulatedCudaTest {
    private static final Shape CLIPS = Shape.of(1, 4, 32, 32, 3);
    private static final int SAMPLES = 2;
    /** Three frames of the 256 channels that the last stage ends with. */
    private static final int LONGEST_SUM = 3 * 256;

    /** Width 8 makes whole 16-byte chunks of bf16 in all maps but the clips. */
    private static Graph network() {
        Graph graph = new Graph();
        Slow slow = new Slow(SlowConfig.SLOW_D_R50.withWidth(8));
        List<Value> stages = slow.stages(Pass.eval(graph), graph.input("clips", DType.F32, CLIPS));
        for (int i = 0; i < stages.size(); i++) {
            graph.output("s" + (i + 1), stages.get(i));
        }
        return graph;
    }

    private static List<HostArray> run(Device device, Graph graph, Compilation how, DoubleUnaryOperator change) {
        try (Weights weights = device.newWeights()) {
            fill(weights, graph, change);
            try (Program program = device.compile(graph, weights, how)) {
                HostArray clips = program.input("clips");
                Random random = new Random(2);
                for (int i = 0; i < clips.elements(); i++) {
                    clips.set(i, change.applyAsDouble(random.nextGaussian()));
                }
                program.run();
                List<HostArray> stages = new ArrayList<>();
                for (String name : graph.outputs().keySet()) {
                    stages.add(HostArray.of(program.output(name).shape(), program.output(name).toDoubles()));
                }
                return stages;
            }
        }
    }

    /** Weights as they are initialised, and statistics that are not those of a network that was never trained. */
    private static void fill(Weights weights, Graph graph, DoubleUnaryOperator change) {
        weights.initialize(graph, 1);
        Random random = new Random(1);
        for (Variable variable : graph.declarations()) {
            HostArray array = weights.get(variable.name());
            if (!array.dtype().isFloating()) {
                continue;
            }
            boolean mean = variable.name().endsWith("running_mean");
            boolean norm = variable.name().contains("bn");
            double[] values = array.toDoubles();
            for (int i = 0; i < values.length; i++) {
                double drawn = mean ? 0.1 * random.nextGaussian() : 0.75 + 0.5 * random.nextDouble();
                values[i] = change.applyAsDouble(norm ? drawn : values[i]);
            }
            weights.put(variable.name(), HostArray.of(array.shape(), values));
        }
    }

    private static double error(HostArray expected, HostArray actual) {
        double difference = 0;
        double size = 0;
        for (int i = 0; i < expected.elements(); i++) {
            difference += Math.pow(actual.get(i) - expected.get(i), 2);
            size += Math.pow(expected.get(i), 2);
        }
        return Math.sqrt(difference / size);
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void stagesAreThoseOfTheReference(Precision precision) {
        Graph graph = network();
        try (Device emulated = Emulated.device(); Device reference = Device.open("reference")) {
            Fusion.apply(graph).nodes().stream().map(n -> n.op()).filter(op -> !(op instanceof Input || op instanceof Variable))
                .forEach(op -> assumeTrue(Emulated.has(op.getClass()), () -> "the cuda device has no rule for " + op.opName() + " yet"));
            double roundoff = precision == Precision.BF16 ? 0x1p-8 : 0x1p-24;
            List<HostArray> expected = run(reference, graph, Compilation.FP32, v -> v);
            double[] condition = new double[expected.size()];
            for (int sample = 0; sample < SAMPLES; sample++) {
                Random random = new Random(100 + sample);
                List<HostArray> disturbed = run(reference, graph, Compilation.FP32,
                    v -> v * (1 + roundoff * (2 * random.nextDouble() - 1)));
                for (int i = 0; i < condition.length; i++) {
                    condition[i] = Math.max(condition[i], error(expected.get(i), disturbed.get(i)));
                }
            }
            List<HostArray> actual = run(emulated, graph, new Compilation(precision, true), v -> v);
            for (int i = 0; i < condition.length; i++) {
                double error = error(expected.get(i), actual.get(i));
                double bound = 3 * condition[i] + 2 * roundoff + 3 * Math.sqrt(LONGEST_SUM) * 0x1p-24;
                assertTrue(error <= bound, "s" + (i + 1) + " is off by " + error + ", allowed is " + bound);
            }
        }
    }
}
