package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.kinema.config.ConfigReader;
import dev.kinema.data.FeatureStore;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.RefillingDevice;
import dev.kinema.device.cuda.Emulated;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Mask prediction gives the device the next step's features while one is computed, and learns the same. */
@Timeout(60)
class SequencesAheadTest {
    private static final int FILMS = 12;
    private static final int ROWS = 10;
    private static final int WIDTH = 8;
    private static final int BATCH = 4;
    private static final int STEPS = 2 * FILMS / BATCH;

    @TempDir
    private Path folder;
    private FeatureStore store;

    @BeforeEach
    void write() throws IOException {
        store = DrawnStore.in(folder, FILMS, ROWS, WIDTH);
    }

    private static MaskPredictionConfig config(String place) {
        return ConfigReader.parse("small", """
            network:
              {input_width: %d, width: 16, projection: linear, input_scale: 1, positions: learned, max_length: 5, layers: 1, heads: 2,
               feed_forward: 16, activation: relu, pre_norm: false, final_norm: false, dropout: 0.1, attention_dropout: 0,
               activation_dropout: 0, initial_std: 0.02, norm_epsilon: 1e-5}
            window: {}
            masks: {place: %s}
            objective: {queue: 32}
            optimizer: {rule: adam, rate: 1e-2}
            epochs: 2
            batch: %d
            """.formatted(WIDTH, place, BATCH), MaskPredictionConfig.class);
    }

    /** The losses, and all variables at the end. */
    private Map<String, double[]> trained(Device device, MaskPredictionConfig config) {
        Map<String, double[]> results = new LinkedHashMap<>();
        try (MaskPredictionTraining training = new MaskPredictionTraining(device, Compilation.FP32, config,
                new EventWindows(store, config.window(), 1), "", 1)) {
            assertEquals(STEPS, training.steps());
            for (int step = 0; step < STEPS; step++) {
                results.put("step " + step, new double[] {training.step(step).loss()});
            }
            training.weights().names().forEach(name -> results.put(name, training.weights().get(name).toDoubles()));
        }
        return results;
    }

    /** Also where what is hidden depends on the weights after the step before. */
    @Test
    void featuresThatAreGivenToTheDeviceAheadAreTrainedOnWithTheSameBits() {
        for (String name : Emulated.isThere() ? List.of("cpu", "cuda-emulated:0") : List.of("cpu")) {
            for (String place : List.of("uniform", "max_discrepancy")) {
                MaskPredictionConfig config = config(place);
                Map<String, double[]> expected;
                try (RefillingDevice never = new RefillingDevice(Device.open(name, 1), 0)) {
                    expected = trained(never, config);
                    assertEquals(STEPS, never.asked());
                }
                try (RefillingDevice always = new RefillingDevice(Device.open(name, 1), STEPS - 1)) {
                    Map<String, double[]> ahead = trained(always, config);
                    assertEquals(1, always.asked(), "only the first step's features are put between runs");
                    expected.forEach((what, values) -> assertArrayEquals(values, ahead.get(what), () -> name + ", " + place + ": " + what));
                }
            }
        }
    }

    @Test
    void whatIsReadAheadIsWhatTheNextStepGets() {
        try (SequenceReader reader = new SequenceReader(new EventWindows(store, config("uniform").window(), 1), BATCH, FILMS / BATCH, STEPS)) {
            assertNull(reader.poll(0));
            reader.next(0);
            SequenceReader.Sequences ahead = reader.poll(1);
            while (ahead == null) {
                Thread.onSpinWait();
                ahead = reader.poll(1);
            }
            assertNull(reader.poll(2));
            assertSame(ahead, reader.next(1));
            reader.next(STEPS - 1);
            assertNull(reader.poll(STEPS));
        }
    }
}
