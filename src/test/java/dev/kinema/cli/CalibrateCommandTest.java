package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.embed.Calibration;
import dev.kinema.embed.TinyNetwork;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From films to ranges to features, by the command line. */
class CalibrateCommandTest {
    @TempDir
    Path folder;

    @Test
    void calibratesAndEmbeds() {
        Path weights = TinyNetwork.backbone(folder);
        Path film = TinyNetwork.film(folder.resolve("film.mp4"), 5);
        Path ranges = folder.resolve("ranges.json");
        Path out = folder.resolve("features");
        CommandRun run = CommandRun.of("calibrate", weights, film, "--out", ranges, "--clips", 2, "--percentile", 99.9, "--threads", 1).done();
        assertTrue(run.out().contains("over 2 clips"), run.out());
        assertEquals(99.9, Calibration.read(ranges).percentile());
        assumeTrue(CpuDevice.hasInt8(), "this processor has no VNNI");
        Object[] embed = {"embed", film, "--weights", weights, "--out", out, "--precision", "int8", "--calibration", ranges};
        assertTrue(CommandRun.of(embed).done().out().contains("2 clips"));
        assertTrue(CommandRun.of(embed).done().out().contains("skipped"));
        CommandRun.of("calibrate", weights, film, "--out", ranges, "--clips", 1).done();
        assertTrue(!CommandRun.of(embed).done().out().contains("skipped"), "other ranges make other features");
    }

    @Test
    void wrongUseIsSaid() {
        Path weights = TinyNetwork.backbone(folder);
        CommandRun.of("calibrate", weights, "film.mp4", "--out", "r.json", "--clips", 0).failed(ExitCode.USAGE, "--clips");
        CommandRun.of("calibrate", weights, "film.mp4", "--out", weights).failed(ExitCode.USAGE, "choose another");
        CommandRun.of("embed", "film.mp4", "--weights", weights, "--out", "o", "--precision", "int8").failed(ExitCode.USAGE, "--calibration");
        CommandRun.of("extract", "film.mp4", "--weights", weights, "--out", "o", "--precision", "int8")
            .failed(ExitCode.USAGE, "kinema embed --precision int8 --calibration FILE");
        CommandRun.of("embed", "film.mp4", "--weights", weights, "--out", "o", "--calibration", "r.json").failed(ExitCode.USAGE, "int8");
    }
}
