package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.Emulated;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import dev.kinema.pretrain.GradientSum;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * A step in parts. Batch norm sees each part alone, so that it is the step of the whole batch only where all parts have the same
 * statistics: here they have the same pixels and other verbs. In float64: what differs is meaning, not rounding.
 */
class VerbStepTest {
    private static final int EVENTS = 5;
    private static final VerbClassifier NETWORK =
        new VerbClassifier(SmallEvents.backbone().withWidth(2).withClip(new SlowConfig.Clip(4, 16, 2)), 6, 7);
    private static final Optimizer SGD = Optimizer.of(new Sgd(0.9, 0, false), 0.01);

    private static ByteBuffer pixels(int copies) {
        return pixels(copies, 1);
    }

    private static ByteBuffer pixels(int copies, long seed) {
        SlowConfig.Clip clip = NETWORK.backbone().clip();
        byte[] once = new byte[EVENTS * clip.frames() * clip.crop() * clip.crop() * 3];
        new Random(seed).nextBytes(once);
        ByteBuffer all = ByteBuffer.allocateDirect(copies * once.length);
        for (int i = 0; i < copies; i++) {
            all.put(once);
        }
        return all.flip();
    }

    /** What steps over some parts give, and all variables after them; those of a step are {@code each}. */
    private static Map<String, double[]> trained(Device device, List<VerbStep.Part> parts, int each, UnaryOperator<VerbStep.Part> following) {
        Map<String, double[]> results = new LinkedHashMap<>();
        try (Weights weights = device.newWeights();
                VerbStep step = new VerbStep(device, weights, Compilation.FP32, NETWORK, EVENTS, each, SGD, 5)) {
            for (int i = 0; i < parts.size(); i += each) {
                VerbStep.Part last = parts.get(i + each - 1);
                VerbStep.Result result = step.run(parts.subList(i, i + each), 0.1, () -> following.apply(last));
                results.put("step " + i, new double[] {result.loss(), result.gradientNorm(), result.top1()});
            }
            weights.names().forEach(name -> results.put(name, weights.get(name).toDoubles()));
        }
        return results;
    }

    /** Also where another one comes than was announced, and where none is there yet. */
    @Test
    void aPartThatIsGivenToTheDeviceAheadIsTrainedOnWithTheSameBits() {
        List<VerbStep.Part> parts = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int first = i;
            parts.add(new VerbStep.Part(pixels(1, i), IntStream.range(0, EVENTS).map(k -> (first + k) % 7).toArray()));
        }
        for (String name : Emulated.isThere() ? List.of("cpu", "cuda-emulated:0") : List.of("cpu")) {
            for (int each = 1; each <= 2; each++) {
                try (Device device = Device.open(name, 1)) {
                    Map<String, double[]> expected = trained(device, parts, each, last -> null);
                    Map<String, double[]> ahead = trained(device, parts, each, last -> {
                        int next = parts.indexOf(last) + 1;
                        return next == 2 ? parts.get(0) : next == 4 || next == parts.size() ? null : parts.get(next);
                    });
                    assertEquals(expected.keySet(), ahead.keySet());
                    String which = name + ", " + each + " parts a step: ";
                    expected.forEach((what, values) -> assertArrayEquals(values, ahead.get(what), which + what));
                }
            }
        }
    }

    @Test
    void partsOfEqualStatisticsMakeTheStepOfTheWholeBatch() {
        int[] first = {0, 1, 2, 3, 4};
        int[] second = {6, 5, 0, 3, 1};
        int[] both = {0, 1, 2, 3, 4, 6, 5, 0, 3, 1};
        try (Device device = Device.open("reference"); Weights inParts = device.newWeights(); Weights whole = device.newWeights()) {
            List<VerbStep.Result> results = new ArrayList<>();
            try (VerbStep step = new VerbStep(device, inParts, Compilation.FP32, NETWORK, EVENTS, 2, SGD, 5)) {
                for (int i = 0; i < 2; i++) {
                    results.add(step.run(List.of(new VerbStep.Part(pixels(1), first), new VerbStep.Part(pixels(1), second)), 0.1, () -> null));
                }
            }
            try (VerbStep step = new VerbStep(device, whole, Compilation.FP32, NETWORK, 2 * EVENTS, 1, SGD, 5)) {
                for (int i = 0; i < 2; i++) {
                    VerbStep.Result result = step.run(List.of(new VerbStep.Part(pixels(2), both)), 0.1, () -> null);
                    assertEquals(result.loss(), results.get(i).loss(), 1e-9);
                    assertEquals(result.gradientNorm(), results.get(i).gradientNorm(), 1e-9);
                    assertEquals(result.top1(), results.get(i).top1());
                }
            }
            int compared = 0;
            for (String name : whole.names()) {
                // running statistics: the parts' move twice a step, and an unbiased variance depends on the count
                if (!name.contains("running_") && !name.endsWith("num_batches_tracked")) {
                    assertArrayEquals(whole.get(name).toDoubles(), inParts.get(name).toDoubles(), 1e-9, name);
                    compared++;
                }
            }
            assertEquals(true, compared > 30);
            inParts.names().stream().filter(name -> name.startsWith(GradientSum.PREFIX)).forEach(name -> {
                assertEquals(false, TaskNetwork.isOwn(name));
                for (double sum : inParts.get(name).toDoubles()) {
                    assertEquals(0, sum, name);
                }
            });
        }
    }
}
