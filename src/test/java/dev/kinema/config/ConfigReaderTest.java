package dev.kinema.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigReaderTest {
    enum NormPlace { PRE_NORM, POST_NORM }

    record Optimizer(@Default("0.1") double learningRate, @Default("[0.9, 0.999]") List<Double> betas) {
        Optimizer {
            if (!(learningRate > 0)) {
                throw new IllegalArgumentException("learning_rate is " + learningRate + ": it must be above 0");
            }
        }
    }

    record Stage(int blocks, @Default("1") int temporalKernel) {}

    record Run(String name, int clipFrames, @Default("7") long seed, @Default("post-norm") NormPlace norm,
            @Default("{}") Optimizer optimizer,
            @Default("[]") List<Stage> stages, Optional<Path> weights, @Default("false") boolean fast, @Default("1") float scale) {
        Run {
            if (stages.contains(new Stage(0, 1))) {
                throw new IllegalArgumentException(stages + " do not go with " + optimizer);
            }
            if (clipFrames < 1) {
                throw new KinemaException("clip_frames is " + clipFrames + ": it must be at least 1");
            }
        }
    }

    private static final String FULL = """
            # a comment
            name: "slow-d"
            clip_frames: 16
            seed: -1234567890123
            norm: Pre_Norm
            optimizer:
              learning_rate: 1e-4
              betas: [0, 1.]
            stages:
              - {blocks: 3}
              - blocks: 4
                temporal_kernel: 3
            weights: a/b.safetensors
            fast: true
            scale: .5
            """;

    @TempDir
    Path folder;

    @Test
    void everyKindOfValue() throws Exception {
        Path file = Files.writeString(folder.resolve("run.yaml"), FULL);
        assertEquals(new Run("slow-d", 16, -1234567890123L, NormPlace.PRE_NORM, new Optimizer(1e-4, List.of(0., 1.)),
                List.of(new Stage(3, 1), new Stage(4, 3)), Optional.of(Path.of("a/b.safetensors")), true, .5f),
                ConfigReader.read(file, Run.class));
    }

    @Test
    void defaultsFillWhatIsAbsent() {
        assertEquals(new Run("x", 8, 7, NormPlace.POST_NORM, new Optimizer(0.1, List.of(0.9, 0.999)), List.of(), Optional.empty(), false, 1),
                ConfigReader.parse("x", "{name: x, clip_frames: 8}", Run.class));
        assertEquals(new Optimizer(0.1, List.of(0.9, 0.999)), ConfigReader.parse("x", "", Optimizer.class));
    }

    /** Each line of settings follows the two required ones; ~ ends a line. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "clipframes: 8 | run.yaml:3: clipframes: unknown key (did you mean clip_frames?): the keys here are name, clip_frames, seed",
        "clip_farmes: 8 | clip_farmes: unknown key (did you mean clip_frames?)",
        "sede: 8 | sede: unknown key (did you mean seed?)",
        "zzz: 8 | run.yaml:3: zzz: unknown key: the keys here are",
        "optimizer: {lerning_rate: 1} | run.yaml:3: optimizer.lerning_rate: unknown key (did you mean learning_rate?)",
        "optimizer: {learning_rate: fast} | run.yaml:3: optimizer.learning_rate: must be a number, not \"fast\"",
        "optimizer: {learning_rate: -1} | run.yaml:3: optimizer: learning_rate is -1.0: it must be above 0",
        "optimizer:~  betas: [1]~  learning_rate: -1 | run.yaml:5: optimizer: learning_rate is -1.0: it must be above 0",
        "stages: [{blocks: 1}, {blocks: 0}] | run.yaml:3: 2 stages do not go with optimizer",
        "optimizer: {betas: 1} | run.yaml:3: optimizer.betas: must be a list",
        "optimizer: {betas: [1, x]} | run.yaml:3: optimizer.betas[1]: must be a number",
        "optimizer: 3 | run.yaml:3: optimizer: must be a group of keys",
        "optimizer: | run.yaml:3: optimizer: must be a group of keys",
        "stages: [{temporal_kernel: 1}] | run.yaml:3: stages[0]: lacks the key blocks",
        "seed: 1.5 | run.yaml:3: seed: must be an integer, not \"1.5\"",
        "seed: '1' | run.yaml:3: seed: must be an integer",
        "seed: 9223372036854775808 | beyond a 64-bit integer",
        "seed: 0x10 | must be a decimal integer",
        "seed: [1] | must be an integer, not a list or group",
        "seed: | has no value",
        "fast: yes | run.yaml:3: fast: must be true or false, not \"yes\"",
        "norm: postnorm | run.yaml:3: norm: is \"postnorm\" (did you mean post_norm?): it must be one of pre_norm, post_norm",
        "name: again | run.yaml:3: name: appears twice",
        "seed: 1~seed: 2 | run.yaml:4: seed: appears twice",
        "weights: 12 | run.yaml:3: weights: must be a path, not \"12\": put it in quotes",
        "? [a]~: 1 | a key must be one word",
        "seed: 1~ bad: 2 | run.yaml:4: is not YAML",
        "seed: [1 | is not YAML",
        "--- {} | is not YAML",
        "\"a\\nb\": 1 | unknown key",
        "scale: 1_000.0 | must be a number"})
    void mistakesAreNamedWithTheirPlace(String line, String expected) {
        assertRefused("name: x\nclip_frames: 8\n" + line.replace('~', '\n') + "\n", expected);
    }

    @Test
    void mistakesAtTheTop() {
        assertRefused("name: x", "run.yaml: lacks the key clip_frames: add it");
        assertRefused("name: 12\nclip_frames: 8", "run.yaml:1: name: must be text, not \"12\": put it in quotes");
        assertRefused("name: x\nclip_frames: 0", "run.yaml:2: clip_frames is 0: it must be at least 1");
        assertRefused("name: x\nclip_frames: 3000000000", "beyond a 32-bit integer");
        assertRefused("[1]", "run.yaml: must be a group of keys");
        assertRefused("[".repeat(100_000), "nests more than");
    }

    @Test
    void anEmptyFileIsCalledEmpty() {
        for (String yaml : new String[] {"", "\n", "# nothing\n", "---\n", "{}", "~"}) {
            assertRefused(yaml, "run.yaml: is empty: give it the keys name, clip_frames");
            assertEquals(new Optimizer(0.1, List.of(0.9, 0.999)), ConfigReader.parse("x", yaml, Optimizer.class));
        }
    }

    private static void assertRefused(String yaml, String expected) {
        String message = assertThrows(KinemaException.class, () -> ConfigReader.parse("run.yaml", yaml, Run.class)).getMessage();
        assertTrue(message.contains(expected), message);
        assertEquals(1, message.lines().count(), message);
    }

    @Test
    void filesThatCannotBeRead() throws Exception {
        Path absent = folder.resolve("absent.yaml");
        assertTrue(refusal(absent).startsWith(absent + ": is no file"));
        assertTrue(refusal(folder).contains("is no file"));
        Path binary = Files.write(folder.resolve("binary.yaml"), new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
        assertTrue(refusal(binary).contains("not UTF-8"), refusal(binary));
        Path film = Files.write(folder.resolve("film.yaml"), new byte[2 << 20]);
        assertTrue(refusal(film).contains("more than"), refusal(film));
        Path text = Files.writeString(folder.resolve("nul.yaml"), "name: \u0000", StandardCharsets.UTF_8);
        assertTrue(refusal(text).contains("is not YAML"), refusal(text));
    }

    private static String refusal(Path file) {
        return assertThrows(KinemaException.class, () -> ConfigReader.read(file, Run.class)).getMessage();
    }
}
