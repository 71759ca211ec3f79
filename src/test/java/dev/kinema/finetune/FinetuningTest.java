package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.config.ConfigReader;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.run.Metrics;
import dev.kinema.task.vidsitu.ScoreSheet;
import dev.kinema.task.vidsitu.Split;
import dev.kinema.task.vidsitu.Task;
import dev.kinema.task.vidsitu.VidSituDataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole schedule over a small made-up dataset: all three tasks, two seeds, predictions that the scorer reads. */
class FinetuningTest {
    private static final String DECODER = "{width: 16, input_scale: 1, positions: learned, positions_after_pad: false, max_length: 60, layers: 1, "
        + "heads: 2, feed_forward: 16, activation: relu, pre_norm: true, final_norm: true, dropout: 0.1, attention_dropout: 0, "
        + "activation_dropout: 0, bottleneck: 0, token_std: 0.02, position_std: 0.02, norm_epsilon: 1e-5}";
    private static final String CONTEXTUALIZER = "{input_width: %d, width: 16, projection: linear, input_scale: 1, positions: learned, "
        + "max_length: 5, layers: 1, heads: 2, feed_forward: 16, activation: relu, pre_norm: false, final_norm: false, dropout: 0.1, "
        + "attention_dropout: 0, activation_dropout: 0, initial_std: 0.02, norm_epsilon: 1e-5}";

    @TempDir
    private Path folder;

    private Path weights;
    private VidSituDataset dataset;

    @BeforeEach
    void make() {
        dataset = SmallEvents.dataset(folder.resolve("data"), 8, 4);
        weights = folder.resolve("start.safetensors");
        BackboneWeights.random(SmallEvents.backbone(), 4).write(weights, 4, 0);
    }

    private FinetuneConfig config(String tuning) {
        return ConfigReader.parse("test", String.join("\n",
            "precision: fp32",
            "dataset: {folder: '" + folder.resolve("data") + "'}",
            "backbone: {weights: '" + weights + "'}",
            "contextualizer: {network: " + String.format(CONTEXTUALIZER, SmallEvents.backbone().featureWidth()) + "}",
            "verbs: {tuning: " + tuning + "}",
            "roles: {decoder: " + DECODER + ", tokens: seen, event_width: 0, tuning: " + tuning + "}",
            "relations: {hidden: 8, tuning: " + tuning + "}"), FinetuneConfig.class);
    }

    private TaskResults run(String out, int runs, Counting counting) {
        return Finetuning.run(config("{epochs: 2, batch: 4}"), folder.resolve(out), runs, List.of("test"), counting);
    }

    @Test
    void allTasksAreTrainedPredictedAndScored() {
        Counting watcher = new Counting();
        TaskResults results = run("run", 2, watcher);
        // a made-up dataset has no files of the release's
        int verbs = dataset.verbs().verbs().size();
        assertEquals(1, watcher.notes.stream().filter(note -> note.startsWith("verbs: the " + verbs + " of the training annotations")
            && note.contains("verb_id_vocab.pkl")).count(), watcher.notes::toString);
        int tokens = dataset.tokens().tokens().size();
        assertEquals(1, watcher.notes.stream().filter(note -> note.startsWith("tokens beyond GPT-2's: " + tokens + ",")
            && note.contains("bpe_with_seps_vb_arg_vocab.pkl")).count(), watcher.notes::toString);
        assertEquals(List.of("vb", "srl", "evrel"), results.tasks().stream().map(TaskScores::task).toList());
        assertEquals(results, TaskResults.read(folder.resolve("run").resolve(TaskResults.FILE)));
        for (TaskScores scores : results.tasks()) {
            assertEquals(List.of(1L, 2L), scores.runs().stream().map(TaskScores.Run::seed).toList());
            assertEquals(1, scores.baselines().size());
            for (int i = 0; i < 2; i++) {
                Path run = folder.resolve("run").resolve(scores.task()).resolve("seed-" + (i + 1));
                ScoreSheet sheet = ScoreSheet.of(Task.of(scores.task()).orElseThrow(), Optional.of(run.resolve("predictions-valid.json")),
                    dataset, Split.VALID, false);
                for (ScoreColumn column : scores.columns()) {
                    assertEquals(column.values().get(i), sheet.predicted().orElseThrow().get(column.name()), 1e-9, column::name);
                }
            }
        }
        // of the four relations these few clips may lack one
        double chance = results.tasks().get(2).chance().orElseThrow();
        assertTrue(chance >= 0.25 && chance <= 0.5, () -> "chance " + chance);
        BackboneWeights tuned = BackboneWeights.read(folder.resolve("run/vb/seed-1/backbone.safetensors"));
        assertEquals(SmallEvents.backbone().featureWidth(), tuned.config().featureWidth());
    }

    @Test
    void theSameCommandGoesOnAndThenFindsAllDone() {
        TaskResults whole = run("whole", 1, new Counting());
        Counting stopping = new Counting();
        stopping.interruptAfter = 6;
        assertThrows(KinemaException.class, () -> run("broken", 1, stopping));
        assertTrue(Thread.interrupted());
        TaskResults resumed = run("broken", 1, new Counting());
        assertEquals(whole.tasks(), resumed.tasks());
        Counting again = new Counting();
        assertEquals(resumed, run("broken", 1, again));
        assertEquals(0, again.steps);
        Counting more = new Counting();
        run("broken", 2, more);
        assertEquals(3 * 2 * 2, more.steps, "the second seed's steps alone");
    }

    @Test
    void validationMustBeWhole() throws Exception {
        Path film = dataset.media(dataset.clips(Split.VALID).get(1)).orElseThrow().path();
        Files.delete(film);
        KinemaException e = assertThrows(KinemaException.class, () -> run("gone", 1, new Counting()));
        assertTrue(e.getMessage().contains(dataset.clips(Split.VALID).get(1).id()), e::getMessage);
    }

    /** Counts steps, and interrupts its thread after some. */
    private static final class Counting implements Finetuning.Watcher {
        private final List<String> notes = new ArrayList<>();
        private int interruptAfter = -1;
        private int steps;

        @Override
        public void step(long done, long all, Metrics metrics, double rate, double secondsLeft) {
            steps++;
            if (steps == interruptAfter) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void note(String message) {
            notes.add(message);
        }

        @Override
        public void begun(String stage, Path where) {
        }

        @Override
        public void ended(String stage, Path where, boolean before) {
        }
    }
}
