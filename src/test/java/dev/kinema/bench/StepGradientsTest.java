package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.optim.Optimizer;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** That a training step of another engine is timed only if the gradients of all its layers are ours. */
class StepGradientsTest {
    /** A convolution in a block's branch, behind the norm that training starts at 0. */
    private static final String LAYER = "backbone.s3.pathway0_res1.branch2.b";
    private static final int FILMS = 16;

    /** Takes the step on the cpu device in fp32, and makes gradients of one layer larger or smaller. */
    private record Engine(String name, double factor, TrainingStep step) implements Peer.Contender {
        @Override
        public void run() {}

        @Override
        public Map<String, float[]> outputs() {
            Map<String, float[]> outputs = new LinkedHashMap<>();
            try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
                step.variables().forEach(weights::put);
                try (Program program = ExampleStep.backbone(device, Compilation.FP32, weights,
                        NetworkCases.SMALL_SLOW.withZeroInitFinalNorm(false), ObjectiveKind.CVRL, FILMS)) {
                    program.run();
                    outputs.put(TrainingStep.LOSS, new float[] {(float) program.output(TrainingStep.LOSS).get(0)});
                    for (Value parameter : step.forward().parameters()) {
                        String variable = Graph.variableOf(parameter);
                        float[] gradient = weights.get(Optimizer.PREFIX + variable + ".momentum").toFloats();
                        for (int i = 0; i < gradient.length && variable.startsWith(LAYER + "."); i++) {
                            gradient[i] *= (float) factor;
                        }
                        outputs.put(variable, gradient);
                    }
                }
            }
            return outputs;
        }

        @Override
        public void close() {}
    }

    private record Engines(Map<String, Double> factors) implements Peer {
        @Override
        public List<Contender> enter(Subject subject, Precision precision, int threads) {
            return List.of();
        }

        @Override
        public List<Trainer> trainers(TrainingStep step, Precision precision, int threads) {
            return factors.entrySet().stream()
                .map(e -> new Trainer(e.getKey(), given -> new Engine(e.getKey(), e.getValue(), given))).toList();
        }

        @Override
        public void close() {}
    }

    /** In bf16 an engine that does not round is nearer to ours than one that rounds in its own way. */
    @ParameterizedTest
    @EnumSource(value = Precision.class, names = {"FP32", "BF16"})
    void oneLayerThatIsOffIsSeen(Precision precision) {
        try (Device device = Device.open("cpu", 2)) {
            assumeTrue(device.supports(precision), "this processor has no " + precision);
            Map<String, Double> factors = new TreeMap<>(Map.of("honest", 1.0, "half", 0.5, "none", 0.0));
            Map<String, String> failed = new TreeMap<>();
            Map<Peer.Trainer, Double> errors = ((StepCase) Suites.named("programs/step-slow-d-cvrl")).errors(
                new Setting(device, precision, Size.SMALLEST), new Engines(factors), 2, (name, e) -> failed.put(name, e.getMessage()));
            assertEquals(List.of("honest"), errors.keySet().stream().map(Peer.Trainer::name).toList(), failed::toString);
            assertEquals(List.of("half", "none"), List.copyOf(failed.keySet()));
            failed.values().forEach(why -> assertTrue(why.contains(", gradient of " + LAYER + ", is off by "), why));
        }
    }
}
