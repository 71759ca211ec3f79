package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.config.ConfigReader;
import dev.kinema.data.FeatureStore;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.run.Metrics;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The queue at the paper's size: 65,536 keys of 1,024 numbers. */
class LargeQueueTest {
    private static final int FILMS = 128;
    private static final int ROWS = 9;
    private static final int WIDTH = 64;

    @TempDir
    private Path folder;

    private static MaskPredictionConfig config(int queue) {
        return ConfigReader.parse("large", """
            network:
              {input_width: 64, width: 1024, projection: linear, input_scale: 1, positions: learned, max_length: 5, layers: 1, heads: 16,
               feed_forward: 64, activation: relu, pre_norm: false, final_norm: false, dropout: 0.1, attention_dropout: 0,
               activation_dropout: 0, initial_std: 0.02, norm_epsilon: 1e-5}
            window: {}
            masks: {}
            objective: {queue: %d}
            optimizer: {rule: adam, rate: 1e-4}
            epochs: 1
            batch: 128
            """.formatted(queue), MaskPredictionConfig.class);
    }

    @Test
    void aStepNeedsATileOfTheLogitsAndStartsAtChance() throws IOException {
        MaskPredictionConfig config = config(65_536);
        FeatureStore store = DrawnStore.in(folder, FILMS, ROWS, WIDTH);
        EventWindows windows = new EventWindows(store, config.window(), 1);
        try (Device device = Device.open("cpu");
                MaskPredictionTraining small = new MaskPredictionTraining(device, Compilation.FP32, config(8192), windows, "", 1);
                MaskPredictionTraining training = new MaskPredictionTraining(device, Compilation.FP32, config, windows, "", 1)) {
            // logits are held 4,096 keys at a time: a queue eight times as long takes not a byte more
            assertEquals(small.memoryPlan().bytes(), training.memoryPlan().bytes());
            long logits = 4L * config.masks().sampler(5).most(config.batch()) * config.objective().queue();
            assertTrue(training.memoryPlan().bytes() < logits, training.memoryPlan() + " against logits of " + logits + " bytes");
            Metrics metrics = training.step(0);
            // ln(65,537) + 1 / (2 * 0.1^2 * 1024) = 11.139 for independent unit rows; predictions and truth are not quite independent
            assertEquals(11.139, metrics.loss(), 0.3);
            assertEquals(11.0904, metrics.values().get("chance_loss"), 1e-4);
            double hidden = metrics.values().get("hidden_events");
            assertEquals(hidden, training.weights().get(QueueContrast.POINTER).getLong(0), 0, "what was hidden was enqueued");
        }
    }
}
