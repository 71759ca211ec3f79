package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may compute, on the command line. */
class VendorOptionTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden", "slow");

    @TempDir
    Path folder;

    private CommandRun forward(String when) {
        return CommandRun.of("forward", "--weights", GOLDEN.resolve("slowd_r50_w6.pyth"), "--input", GOLDEN.resolve("slowd_B.input.npy"),
            "--output", folder.resolve("y.npy"), "--vendor", when);
    }

    @Test
    void theProcessorHasNoVendorsLibrariesWhichHurtsOnlyWhoInsists() {
        forward("always").failed(ExitCode.FAILED, "device cpu has no libraries of a vendor to choose from: leave --vendor always away");
    }

    @Test
    void wordsOtherThanTheThreeAreRefused() {
        CommandRun run = forward("sometimes");
        assertEquals(ExitCode.USAGE, run.code());
        assertTrue(run.err().contains("'sometimes' is none of never, auto, always"), run.err());
    }
}
