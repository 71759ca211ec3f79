package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.data.FeatureEntry;
import dev.kinema.data.Film;
import dev.kinema.embed.EncodingProgress;
import dev.kinema.run.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A training that blows up says at which step, in which node, and from which checkpoint to go on. */
class NonFiniteTest {
    @TempDir
    private Path folder;

    private static final class Silent implements Pretraining.Watcher {
        @Override
        public void begun(String stage, Path where) {}

        @Override
        public void ended(String stage, Path where, boolean before) {}

        @Override
        public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {}

        @Override
        public void note(String message) {}

        @Override
        public EncodingProgress begun(Film film, int place) {
            return EncodingProgress.NONE;
        }

        @Override
        public void done(FeatureEntry entry, double seconds) {}
    }

    @Test
    void anExplosionIsNamed() throws IOException {
        Path file = TinyRun.write(folder);
        // after the warm-up's end the rate is beyond all measure
        String text = Files.readString(file).replace("{rule: sgd, rate: 0.05, momentum: 0.9, weight_decay: 1e-4}",
            "{rule: sgd, rate: 1e25, warm_up_epochs: 3, warm_up_start: 1e-3, momentum: 0, schedule: constant}")
            .replace("every_steps: 3", "every_steps: 1");
        PretrainConfig config = ConfigReader.parse("exploding", text, PretrainConfig.class);
        KinemaException e = assertThrows(KinemaException.class, () ->
            Pretraining.run(config, folder.resolve("run"), List.of("pretrain"), new Silent()));
        String message = e.getMessage();
        assertTrue(message.matches("(?s).*step \\d+.*step-00000000\\d\\.safetensors.*"), message);
        // the node by its operation and its place in the network
        assertTrue(message.matches("(?s).*(output \\d of \\w+ in |variable '|input ').*"), message);
    }
}
