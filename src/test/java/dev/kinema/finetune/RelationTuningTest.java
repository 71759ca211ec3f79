package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.pretrain.OptimizerConfig;
import dev.kinema.run.Environment;
import dev.kinema.run.LoopSettings;
import dev.kinema.run.Metrics;
import dev.kinema.run.StageFolder;
import dev.kinema.task.vidsitu.Predictions;
import dev.kinema.task.vidsitu.RelationPrediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Situation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fine-tuning from end to end, by the smallest of the tasks. */
class RelationTuningTest {
    private static final int WIDTH = 6;
    private static final Environment HERE = Environment.here("test", 1, List.of("test"));
    private static final OptimizerConfig FAST = optimizer();
    private static final List<Situation> TRAIN = ToyClips.of(0, 50, 1);
    private static final List<Situation> VALID = ToyClips.of(1000, 20, 3);

    @TempDir
    Path folder;

    private Device device;

    private static OptimizerConfig optimizer() {
        return ConfigReader.parse("test", "{rule: adam, rate: 1e-2, schedule: constant}", OptimizerConfig.class);
    }

    @BeforeEach
    void open() {
        device = Device.open("cpu", 1);
    }

    @AfterEach
    void close() {
        Thread.interrupted();
        device.close();
    }

    private static RelationsConfig config(int epochs, int outputs) {
        return new RelationsConfig(0, 0, 16, outputs, new TuningSettings(epochs, 8, FAST));
    }

    private RelationNetwork network(RelationsConfig config, Optional<ContextualizerConfig> contextualizer) {
        EventEncoder encoder = new EventEncoder(WIDTH, contextualizer, true, config.eventWidth());
        SeenEvents seen = new SeenEvents(encoder, ToyClips.features(WIDTH, 0.1));
        return new RelationNetwork(device, Compilation.FP32, config, seen, TRAIN, Map.of(), 1);
    }

    private TaskScores.Outcome run(String name, RelationsConfig config, Optional<ContextualizerConfig> contextualizer, Watching watching) {
        TaskRun<RelationPrediction> run = new TaskRun<>(new StageFolder(folder.resolve(name), watching::note), "test: " + config + "\n",
            TaskForm.RELATIONS, config.tuning(), VALID, List.of(), 0);
        return run.run(1, (seed, checked) -> network(config, contextualizer), HERE, new LoopSettings(4, 0, 2, 1), watching);
    }

    @Test
    void relationsAreLearned() {
        TaskScores.Outcome outcome = run("learned", config(30, 4), Optional.empty(), new Watching());
        assertTrue(outcome.scores().get(Scores.MEAN_ACC) > 0.9, () -> outcome + ": kinds decide relations, and features tell kinds");
        assertTrue(outcome.bestEpoch() > 0, outcome::toString);
    }

    @Test
    void theToolkitsFifthOutputIsUnlearned() {
        TaskScores.Outcome outcome = run("five", config(30, 5), Optional.empty(), new Watching());
        assertTrue(outcome.scores().get(Scores.MEAN_ACC) > 0.9, outcome::toString);
    }

    /** Through all layers that the toolkit has: two to see an event by, two of the event, two of a pair. */
    @Test
    void relationsAreLearnedThroughTheToolkitsLayers() {
        TaskScores.Outcome outcome = run("fused", new RelationsConfig(24, 16, 16, 5, new TuningSettings(30, 8, FAST)), Optional.empty(),
            new Watching());
        assertTrue(outcome.scores().get(Scores.MEAN_ACC) > 0.9, outcome::toString);
    }

    @Test
    void relationsAreLearnedInContext() {
        ContextualizerConfig small = ContextualizerConfig.TXE.withSizes(WIDTH, 16, 1, 2, 32, 5).withDropout(0, 0, 0);
        TaskScores.Outcome outcome = run("context", config(30, 4), Optional.of(small), new Watching());
        assertTrue(outcome.scores().get(Scores.MEAN_ACC) > 0.8, outcome::toString);
    }

    @Test
    void whatIsNeverTrainedScoresAQuarter() {
        ContextualizerConfig small = ContextualizerConfig.TXE.withSizes(WIDTH, 16, 1, 2, 32, 5);
        TaskScores.Outcome outcome = run("untrained", config(0, 4), Optional.of(small), new Watching());
        assertEquals(0.25, outcome.scores().get(Scores.MEAN_ACC), 0, "one answer for all pairs, and all four relations occur");
        assertEquals(0, outcome.bestEpoch());
    }

    @Test
    void aRunThatWasInterruptedEndsAsOneThatWasNot() throws Exception {
        TaskScores.Outcome whole = run("whole", config(3, 4), Optional.empty(), new Watching());
        for (int at : new int[] {1, 6, 7, 18}) {
            Watching stopping = new Watching();
            stopping.interruptAfter = at;
            assertThrows(KinemaException.class, () -> run("broken" + at, config(3, 4), Optional.empty(), stopping));
            assertTrue(Thread.interrupted());
            TaskScores.Outcome resumed = run("broken" + at, config(3, 4), Optional.empty(), new Watching());
            assertEquals(whole, resumed);
            for (String file : List.of("weights.safetensors", "predictions-valid.json", "scores-valid.json")) {
                assertEquals(-1, Files.mismatch(folder.resolve("whole").resolve(file), folder.resolve("broken" + at).resolve(file)), file);
            }
        }
    }

    @Test
    void aRunThatIsDoneIsNotDoneAgain() {
        TaskScores.Outcome first = run("twice", config(2, 4), Optional.empty(), new Watching());
        Watching second = new Watching();
        assertEquals(first, run("twice", config(2, 4), Optional.empty(), second));
        assertEquals(0, second.steps);
        assertTrue(second.skipped);
    }

    @Test
    void theBestEpochsPredictionsAreWritten() {
        TaskScores.Outcome outcome = run("best", config(5, 4), Optional.empty(), new Watching());
        try (RelationNetwork network = network(config(5, 4), Optional.empty())) {
            new BestEpoch(folder.resolve("best/weights.safetensors")).load(network.weights());
            Scores scores = TaskForm.RELATIONS.score(
                new dev.kinema.task.vidsitu.Scoring(dev.kinema.task.vidsitu.Split.VALID, VALID), network.predict(VALID));
            assertEquals(outcome.scores().get(Scores.MEAN_ACC), scores.get(Scores.MEAN_ACC), 0);
            assertEquals(VALID.size(), Predictions.ofRelations(network.predict(VALID)).all().size());
        }
    }

    @Test
    void aBatchMustBeFilled() {
        RelationsConfig large = new RelationsConfig(0, 0, 16, 4, new TuningSettings(1, 64, FAST));
        KinemaException e = assertThrows(KinemaException.class, () -> network(large, Optional.empty()));
        assertTrue(e.getMessage().contains("50 clips") && e.getMessage().contains("64"), e::getMessage);
    }

    /** Counts steps, and interrupts its thread after some. */
    private static final class Watching implements Finetuning.Watcher {
        private int interruptAfter = -1;
        private int steps;
        private boolean skipped;

        @Override
        public void step(long done, long all, Metrics metrics, double rate, double secondsLeft) {
            steps++;
            if (steps == interruptAfter) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void note(String message) {
        }

        @Override
        public void begun(String stage, Path where) {
        }

        @Override
        public void ended(String stage, Path where, boolean before) {
            skipped |= before;
        }
    }
}
