package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.embed.MovieEncoder;
import dev.kinema.embed.MovieEncoderConfig;
import dev.kinema.embed.MovieFeatures;
import dev.kinema.run.Metrics;
import dev.kinema.run.StepLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole schedule on small films: what its stages leave, what is skipped, what is done again, and what an interruption changes: nothing. */
class PretrainingTest {
    @TempDir
    private Path folder;

    /** Notes what happens, and stops a stage after a step if it is to. */
    private static final class Notes implements Pretraining.Watcher {
        final List<String> happened = new ArrayList<>();
        String stage;
        String stopIn = "";
        long stopAfter;

        @Override
        public void begun(String name, Path where) {
            stage = name;
            happened.add("begun " + name);
        }

        @Override
        public void ended(String name, Path where, boolean before) {
            happened.add((before ? "skipped " : "ended ") + name);
        }

        @Override
        public void step(long done, long steps, Metrics metrics, double rate, double secondsLeft) {
            if (stage.equals(stopIn) && done == stopAfter) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void note(String message) {
            happened.add(message);
        }
    }

    private static Pretraining.Result run(PretrainConfig config, Path out, Notes notes) {
        return Pretraining.run(config, out, List.of("pretrain"), notes);
    }

    @Test
    void stagesFollowEachOtherAndAreSkippedWhenNothingChanged() throws IOException {
        PretrainConfig config = TinyRun.config(folder);
        Path out = folder.resolve("run");
        Notes first = new Notes();
        Pretraining.Result result = run(config, out, first);
        assertEquals(List.of("begun backbone", "ended backbone", "begun features", "ended features", "begun contextualizer",
            "ended contextualizer"), first.happened);
        try (MovieEncoder encoder = MovieEncoder.open(MovieEncoderConfig.of(result.backbone().orElseThrow())
                .withContextualizer(result.contextualizer().orElseThrow()))) {
            assertFalse(encoder.isRandom());
            try (Stream<Path> films = Files.list(folder.resolve("c"))) {
                MovieFeatures features = encoder.encode(films.filter(f -> f.toString().endsWith(".mp4")).sorted().findFirst().orElseThrow());
                assertEquals(6, features.clips());
            }
        }
        Map<String, StepLog.Series> log = StepLog.read(out.resolve("backbone/log.jsonl"));
        assertEquals(21, log.get("loss").steps().length);
        assertEquals(3, log.get("knn_top1").steps().length, "after epochs 3 and 6, and at the end");
        assertEquals(24, StepLog.read(out.resolve("contextualizer/log.jsonl")).get("loss").steps().length);

        Notes again = new Notes();
        run(config, out, again);
        assertEquals(List.of("skipped backbone", "begun features", "skipped features", "skipped contextualizer"), again.happened);
    }

    @Test
    void aChangedStageBeginsAnewAndKeepsWhatWas() throws IOException {
        Path file = TinyRun.write(folder);
        Path out = folder.resolve("run");
        run(ConfigReader.read(file, PretrainConfig.class), out, new Notes());
        byte[] before = Files.readAllBytes(out.resolve("contextualizer/weights.safetensors"));
        Files.writeString(file, Files.readString(file).replace("rate: 1e-3", "rate: 2e-3"));
        Notes notes = new Notes();
        run(ConfigReader.read(file, PretrainConfig.class), out, notes);
        assertEquals("skipped backbone", notes.happened.get(0));
        assertTrue(notes.happened.get(3).contains("it is kept as") && notes.happened.get(3).contains("rate: 0.001"), notes.happened::toString);
        assertEquals("ended contextualizer", notes.happened.get(5));
        assertArrayEquals(before, Files.readAllBytes(out.resolve("contextualizer.1/weights.safetensors")));
    }

    @Test
    void interruptedRunsEndAsThoseThatWereNot() throws IOException {
        PretrainConfig config = TinyRun.config(folder);
        Path whole = folder.resolve("whole");
        Path stopped = folder.resolve("stopped");
        run(config, whole, new Notes());
        for (Map.Entry<String, Integer> stop : List.of(Map.entry("backbone", 2), Map.entry("backbone", 11), Map.entry("contextualizer", 7))) {
            Notes notes = new Notes();
            notes.stopIn = stop.getKey();
            notes.stopAfter = stop.getValue();
            KinemaException e = assertThrows(KinemaException.class, () -> run(config, stopped, notes));
            assertTrue(Thread.interrupted(), e::getMessage);
        }
        run(config, stopped, new Notes());
        for (String stage : List.of("backbone", "contextualizer")) {
            assertArrayEquals(Files.readAllBytes(whole.resolve(stage + "/weights.safetensors")),
                Files.readAllBytes(stopped.resolve(stage + "/weights.safetensors")), stage);
            assertArrayEquals(StepLog.read(whole.resolve(stage + "/log.jsonl")).get("loss").values(),
                StepLog.read(stopped.resolve(stage + "/log.jsonl")).get("loss").values(), stage);
        }
    }

    @Test
    void featuresOfAnotherBackboneAreRefused() throws IOException {
        Path file = TinyRun.write(folder);
        Path out = folder.resolve("run");
        Pretraining.Result result = run(ConfigReader.read(file, PretrainConfig.class), out, new Notes());
        String text = Files.readString(file);
        String contextualizer = text.substring(text.indexOf("contextualizer:"));
        Path other = folder.resolve("other.safetensors");
        byte[] weights = Files.readAllBytes(result.backbone().orElseThrow());
        weights[weights.length - 1] ^= 1;
        Files.write(other, weights);
        String mixed = "weights: '" + other + "'\nstore: '" + result.features().orElseThrow() + "'\n" + contextualizer;
        PretrainConfig config = ConfigReader.parse("mixed", mixed, PretrainConfig.class);
        KinemaException e = assertThrows(KinemaException.class, () -> run(config, folder.resolve("third"), new Notes()));
        assertTrue(e.getMessage().contains("SHA-256"), e::getMessage);
    }

    @Test
    void furtherTrainingGoesOnFromTheFirst() throws IOException {
        Path file = TinyRun.write(folder);
        String text = Files.readString(file);
        int from = text.indexOf("  first:");
        int to = text.indexOf("features:\n  films");
        String further = text.substring(from, to).replace("  first:", "  further:").replace("epochs: 7", "epochs: 1").replace("rate: 0.05",
            "rate: 1e-9");
        Files.writeString(file, text.substring(0, to) + further);
        Path out = folder.resolve("run");
        Pretraining.Result result = run(ConfigReader.read(file, PretrainConfig.class), out, new Notes());
        assertEquals(out.resolve("backbone-further/weights.safetensors"), result.backbone().orElseThrow());
        // at a rate of almost nothing the weights stay, and only running statistics move
        assertArrayEquals(weight(out.resolve("backbone")), weight(result.backbone().orElseThrow().getParent()), 1e-6);
    }

    /** What does not decide the weights may change in the middle of a run; films that were taken off a list are not learned from. */
    @Test
    void onlyWhatDecidesTheWeightsCounts() throws IOException {
        Path file = TinyRun.write(folder);
        Path out = folder.resolve("run");
        run(ConfigReader.read(file, PretrainConfig.class), out, new Notes());
        String text = Files.readString(file);
        String other = text.replace("epochs: 7", "epochs: 7\n    loading: {threads: 1, prefetch: 1}").replace("every_epochs: 3", "every_epochs: 2")
            .replace("a/films.csv', prefix", "a/films.csv', max_failed: 0.5, prefix").replace("window: {tokens: 5,", "window: {cache_megabytes: 1, tokens: 5,");
        Notes same = new Notes();
        run(ConfigReader.parse("other", other, PretrainConfig.class), out, same);
        assertEquals(List.of("skipped backbone", "begun features", "skipped features", "skipped contextualizer"), same.happened);

        Path list = folder.resolve("c/films.csv");
        List<String> films = Files.readAllLines(list);
        Files.write(list, films.subList(0, 6));
        Notes shorter = new Notes();
        run(ConfigReader.read(file, PretrainConfig.class), out, shorter);
        assertEquals("skipped features", shorter.happened.get(2));
        assertTrue(shorter.happened.get(3).contains("features:"), shorter.happened::toString);
        assertEquals("ended contextualizer", shorter.happened.get(5));
        // six films make one batch of five sequences an epoch
        assertEquals(12, StepLog.read(out.resolve("contextualizer/log.jsonl")).get("loss").steps().length);
    }

    /** Films that were replaced under their names are other inputs; films that are gone when their stage is done are none. */
    @Test
    void replacedFilmsAreNoticed() throws IOException {
        Path file = TinyRun.write(folder);
        String text = Files.readString(file);
        PretrainConfig config = ConfigReader.parse("backbone", text.substring(0, text.indexOf("features:\n  films")), PretrainConfig.class);
        Path out = folder.resolve("run");
        run(config, out, new Notes());
        Path film;
        try (Stream<Path> films = Files.list(folder.resolve("a"))) {
            film = films.filter(f -> f.toString().endsWith(".mp4")).sorted().findFirst().orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(film);
        Files.delete(film);
        Notes gone = new Notes();
        run(config, out, gone);
        assertEquals(List.of("skipped backbone"), gone.happened);
        Files.write(film, Arrays.copyOf(bytes, bytes.length + 100));
        Notes replaced = new Notes();
        run(config, out, replaced);
        assertTrue(replaced.happened.get(0).contains(film.getFileName().toString()), replaced.happened::toString);
        assertEquals("ended backbone", replaced.happened.get(2));
    }

    @Test
    void filmsThatAreNowhereAreMissedBeforeTheFirstStage() throws IOException {
        Path file = TinyRun.write(folder);
        String text = Files.readString(file).replace("c/films.csv', prefix: '" + folder.resolve("c"), "c/films.csv', prefix: '/nowhere");
        Notes notes = new Notes();
        KinemaException e = assertThrows(KinemaException.class, () ->
            run(ConfigReader.parse("lost", text, PretrainConfig.class), folder.resolve("run"), notes));
        assertTrue(e.getMessage().contains("/nowhere/") && e.getMessage().contains("prefix"), e::getMessage);
        assertEquals(List.of(), notes.happened);
    }

    /** What a contextualizer was trained for is in its file, and other use is refused: its numbers would mean nothing. */
    @Test
    void contextualizersAreUsedAsTheyWereTrained() throws IOException {
        PretrainConfig config = TinyRun.config(folder);
        Pretraining.Result result = run(config, folder.resolve("run"), new Notes());
        Path backbone = result.backbone().orElseThrow();
        Path contextualizer = result.contextualizer().orElseThrow();
        assertEquals(2, ContextualizerWeights.trainingOf(contextualizer).orElseThrow().stride());
        MovieEncoderConfig good = MovieEncoderConfig.of(backbone).withContextualizer(contextualizer);
        try (MovieEncoder encoder = MovieEncoder.open(good)) {
            assertEquals(5, encoder.window().getAsInt());
        }
        assertTrue(assertThrows(KinemaException.class, () -> MovieEncoder.open(good.withHop(1))).getMessage().contains("--hop 2"));
        Path other = folder.resolve("other.safetensors");
        byte[] bytes = Files.readAllBytes(backbone);
        bytes[bytes.length - 1] ^= 1;
        Files.write(other, bytes);
        assertTrue(assertThrows(KinemaException.class, () -> MovieEncoder.open(MovieEncoderConfig.of(other).withContextualizer(contextualizer)))
            .getMessage().contains("SHA-256"));
    }

    /** The resolved settings in the run's folder are a configuration: of the same run. */
    @Test
    void theFolderHoldsItsConfiguration() throws IOException {
        PretrainConfig config = TinyRun.config(folder);
        Path out = folder.resolve("run");
        run(config, out, new Notes());
        assertEquals(config, ConfigReader.read(out.resolve("config.yaml"), PretrainConfig.class));
    }

    @Test
    void supervisedTrainingIsTestedOverViewsAndCrops() throws IOException {
        Path file = TinyRun.write(folder);
        String text = Files.readString(file);
        String list = "'" + folder.resolve("a") + "'";
        text = text.substring(0, text.indexOf("features:\n  films")).replace("classes: 0", "classes: 4").replace("kind: moco", "kind: supervised")
            .replace("    epochs: 7", "    validation: {list: '" + folder.resolve("a/films.csv") + "', prefix: " + list + "}\n    epochs: 30")
            .replace("sampling: decreasing_gap", "sampling: uniform").replace("neighbours: 3", "views: 2, crops: 3, crop: 20")
            .replace("every_epochs: 3", "every_epochs: 30");
        Path out = folder.resolve("run");
        Pretraining.Result result = run(ConfigReader.parse("supervised", text, PretrainConfig.class), out, new Notes());
        Map<String, StepLog.Series> log = StepLog.read(out.resolve("backbone/log.jsonl"));
        double[] losses = log.get("loss").values();
        assertEquals(Math.log(4), log.get("chance_loss").values()[0], 1e-9);
        assertTrue(losses[losses.length - 1] < losses[0], "from " + losses[0] + " to " + losses[losses.length - 1]);
        assertEquals(1, log.get("test_top1").values().length);
        // twelve films: their shares are twelfths, and five of four classes are all
        double top1 = 12 * log.get("test_top1").values()[0];
        assertEquals(Math.rint(top1), top1, 1e-9);
        assertEquals(1, log.get("test_top5").values()[0]);
        try (dev.kinema.checkpoint.Safetensors weights = dev.kinema.checkpoint.Safetensors.open(result.backbone().orElseThrow())) {
            assertTrue(weights.names().contains("head.projection.weight"), "a classifier that was trained is kept");
        }
    }

    private static double[] weight(Path stage) {
        try (dev.kinema.checkpoint.Safetensors file = dev.kinema.checkpoint.Safetensors.open(stage.resolve("weights.safetensors"))) {
            return file.read("s2.pathway0_res0.branch2.b.weight").toDoubles();
        }
    }
}
