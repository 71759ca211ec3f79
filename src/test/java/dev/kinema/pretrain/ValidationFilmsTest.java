package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.run.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Films to test with that cannot be decoded, or have no class: of 18,000 some always are. */
class ValidationFilmsTest {
    @TempDir
    private static Path folder;
    private static SmallRuns small;

    @BeforeAll
    static void films() throws IOException {
        small = SmallRuns.in(folder);
        Files.writeString(folder.resolve("films/broken.mp4"), "no film");
    }

    private static FilmsConfig validation(String lines, double maxFailed) throws IOException {
        Path list = Files.writeString(Files.createTempFile(folder, "list", ".csv"), lines);
        return new FilmsConfig(list, " ", folder.resolve("films").toString(), "", maxFailed);
    }

    private static Metrics step(String run, FilmsConfig validation) {
        BackboneConfig config = small.backbone(ConfigReader.read(Path.of("configs/pretrain/table1", run), PretrainConfig.class).backbone()
            .orElseThrow());
        BackboneConfig.Phase p = config.first();
        BackboneConfig.Phase phase = new BackboneConfig.Phase(p.films(), Optional.of(validation), p.epochs(), p.batch(), p.microBatch(),
            p.sampling(), p.maxGap(), p.augmentation(), p.objective(), p.optimizer(), p.loading(), p.test());
        try (Device device = Device.open("cpu"); BackboneTraining training = new BackboneTraining(device, Compilation.FP32, config, phase,
                phase.films().read(), 1, Map.of(), note -> { })) {
            return training.step(0);
        }
    }

    @Test
    void thoseThatCannotBeDecodedAreCountedAndLeftOut() throws IOException {
        String lines = "broken.mp4 2\nevents-1-00000.mp4 0\nevents-1-00001.mp4 1\n";
        for (String run : new String[] {"sup-k400.yaml", "moco-k400.yaml"}) {
            Metrics metrics = step(run, validation(lines, 0.5));
            assertEquals(1, metrics.values().get("test_failed_films"), metrics.toString());
            double accuracy = metrics.values().get(run.startsWith("sup") ? "test_top1" : "knn_top1");
            assertEquals(Math.rint(2 * accuracy), 2 * accuracy, "a share of two films, not of three");
        }
        String message = assertThrows(KinemaException.class, () -> step("sup-k400.yaml", validation(lines, 0.1))).getMessage();
        assertTrue(message.contains("broken.mp4"), message);
    }

    @Test
    void thoseWithoutAClassAreRefusedBeforeTraining() throws IOException {
        String none = assertThrows(KinemaException.class, () -> step("moco-k400.yaml", validation("events-1-00000.mp4\n", 0))).getMessage();
        assertTrue(none.contains("validation: 'events-1-00000.mp4'") && none.contains("has no label"), none);
        String high = assertThrows(KinemaException.class, () -> step("sup-k400.yaml", validation("events-1-00000.mp4 3\n", 0))).getMessage();
        assertTrue(high.contains("has the label 3, but classes go from 0 to 2"), high);
    }
}
