package dev.kinema.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.checkpoint.Npy;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.graph.Shape;
import dev.kinema.model.SlowConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The demo with a network that is quick; with the one it has by itself it runs where README.md's commands do. */
class DemoCommandTest {
    @TempDir
    private Path folder;
    private Path weights;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void drawWeights() {
        SlowConfig small = SlowConfig.slowD(26).withWidth(4).withClip(new SlowConfig.Clip(16, 48, 4))
            .withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 0, 0));
        weights = folder.resolve("small.safetensors");
        BackboneWeights.random(small, 3).write(weights, 3, 0);
    }

    private int demo(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "demo";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return Main.run(all, new PrintWriter(out), new PrintWriter(err));
    }

    @Test
    void writesFilmFeaturesAndPage() throws IOException {
        Path made = folder.resolve("some/where");
        assertEquals(ExitCode.DONE, demo("--out", made.toString(), "--seconds", "9", "--weights", weights.toString()), err::toString);
        assertEquals(Shape.of(8, 128), Npy.read(made.resolve("film.features.npy")).shape());
        assertTrue(Files.size(made.resolve("film.mp4")) > 1000);
        assertTrue(Files.size(made.resolve("film.safetensors")) > 8 * 128 * 4);
        assertFalse(Files.exists(made.resolve("weights.safetensors")), "weights were given");
        String page = Files.readString(made.resolve("film.html"));
        assertTrue(page.contains("The weights are random, not trained"), "says that nothing was learned");
        assertTrue(page.contains("--seconds 9"), "says the command");
        assertTrue(page.contains(">8 clips of 2.13 s<"), "says the clips");
        assertTrue(page.contains(".p9{background-image"), "a picture of each of 8 clips and 3 shots, one of them the same");
        for (String written : new String[] {"film.mp4", "film.features.npy", "film.html"}) {
            assertTrue(out.toString().contains(made.resolve(written).toString()), out::toString);
        }
    }

    @Test
    void lengthsThatMakeNoFilmAreWrongUsage() {
        for (String seconds : new String[] {"1", "-3", "NaN", "1e9"}) {
            assertEquals(ExitCode.USAGE, demo("--out", folder.resolve("x").toString(), "--seconds", seconds), seconds);
        }
        assertFalse(Files.exists(folder.resolve("x")));
    }

    @Test
    void whatCannotBeReadOrWrittenIsNamed() {
        assertEquals(ExitCode.FAILED, demo("--out", weights.toString()));
        assertTrue(err.toString().contains("small.safetensors"), err::toString);
        assertEquals(ExitCode.FAILED, demo("--out", folder.resolve("y").toString(), "--seconds", "3", "--weights", "missing.pyth"));
        assertTrue(err.toString().contains("missing.pyth"), err::toString);
    }

    @Test
    void weightsAreNotWrittenOver() throws IOException {
        Path mine = Files.copy(weights, folder.resolve("film.safetensors"));
        assertEquals(ExitCode.USAGE, demo("--out", folder.toString(), "--seconds", "3", "--weights", mine.toString()));
        assertTrue(err.toString().contains("would overwrite '" + mine), err::toString);
        assertEquals(-1, Files.mismatch(weights, mine));
        assertFalse(Files.exists(folder.resolve("film.mp4")), "nothing was written");
    }
}
