package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Weights;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import dev.kinema.pretrain.GradientSum;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
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
        SlowConfig.Clip clip = NETWORK.backbone().clip();
        byte[] once = new byte[EVENTS * clip.frames() * clip.crop() * clip.crop() * 3];
        new Random(1).nextBytes(once);
        ByteBuffer all = ByteBuffer.allocateDirect(copies * once.length);
        for (int i = 0; i < copies; i++) {
            all.put(once);
        }
        return all.flip();
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
                    results.add(step.run(List.of(pixels(1), pixels(1)), List.of(first, second), 0.1));
                }
            }
            try (VerbStep step = new VerbStep(device, whole, Compilation.FP32, NETWORK, 2 * EVENTS, 1, SGD, 5)) {
                for (int i = 0; i < 2; i++) {
                    VerbStep.Result result = step.run(List.of(pixels(2)), List.of(both), 0.1);
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
