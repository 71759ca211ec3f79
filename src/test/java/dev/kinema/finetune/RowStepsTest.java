package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Device;
import dev.kinema.optim.LearningRate;
import dev.kinema.run.Metrics;
import dev.kinema.task.vidsitu.Prediction;
import dev.kinema.task.vidsitu.Scores;
import dev.kinema.task.vidsitu.Scoring;
import dev.kinema.task.vidsitu.Split;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rows of {@code configs/vidsitu}, made small: each task's network is made, learns, and predicts. Rows that are the same but for their
 * place in the tables and the files that they start from are done once.
 */
class RowStepsTest {
    private static final Path FOLDER = Path.of("configs/vidsitu");

    @TempDir
    private static Path folder;
    private static final Map<FinetuneConfig, List<String>> FORMS = new LinkedHashMap<>();

    @BeforeAll
    static void reduce() throws IOException {
        SmallRows small = SmallRows.in(folder, FOLDER);
        for (Path row : FinetuneConfigsTest.rows()) {
            FORMS.computeIfAbsent(SmallRows.withoutPlace(small.reduced(row)), form -> new ArrayList<>())
                .add(FOLDER.relativize(row).toString());
        }
    }

    static Stream<Arguments> forms() {
        return FORMS.entrySet().stream().map(form -> Arguments.of(form.getValue(), form.getKey()));
    }

    @Test
    void everyRowHasAForm() throws IOException {
        assertEquals(FinetuneConfigsTest.rows().size(), FORMS.values().stream().mapToInt(List::size).sum());
        // Table 1 with and without TxE: over drawn and over given backbones, and TxE given; verbs from both; Table 4's own three
        assertEquals(5 + 2 + 3, FORMS.size(), () -> FORMS.values().toString());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forms")
    void learnsAndPredictsAtReducedSize(List<String> rows, FinetuneConfig config) throws IOException {
        TuningClips clips = TuningClips.read(config.dataset(), List.of());
        Path out = Files.createTempDirectory(folder, "run");
        try (Device device = Device.open("cpu", 1)) {
            List<TunedTask<?>> tasks = new TuningStart(config, out, device, clips, Optional.empty(), new Watching()).tasks();
            assertEquals(Stream.of(config.verbs(), config.roles(), config.relations()).filter(Optional::isPresent).count(), tasks.size());
            for (TunedTask<?> task : tasks) {
                learnsAndPredicts(task);
            }
        }
    }

    /** Two steps, since the last layer of relations starts at 0 and lets nothing through to what is below it in the first. */
    private static <P extends Prediction> void learnsAndPredicts(TunedTask<P> task) {
        LearningRate rate = task.tuning().optimizer().rate(task.tuning().epochs());
        try (TaskNetwork<P> network = task.networks().open(1, true)) {
            Map<String, double[]> before = trained(network);
            for (long step = 0; step < 2; step++) {
                Map<String, Double> said = network.train(step, rate.at(0));
                said.forEach((name, value) -> assertTrue(Double.isFinite(value), () -> name + " of " + said));
                assertTrue(said.get(Metrics.LOSS) > 0 && said.get(Metrics.GRADIENT_NORM) > 0, said::toString);
            }
            Map<String, double[]> after = trained(network);
            after.forEach((name, values) -> assertTrue(Arrays.stream(values).allMatch(Double::isFinite), name));
            Set<String> moved = after.keySet().stream().filter(name -> !Arrays.equals(after.get(name), before.get(name)))
                .collect(Collectors.toSet());
            assertEquals(parts(before.keySet()), parts(moved), "every part of the network learns");
            Scores scores = task.form().score(new Scoring(Split.VALID, task.clips().valid()), network.predict(task.clips().valid()));
            scores.columns().forEach(column -> assertTrue(column.value() >= 0 && column.value() <= 10, column::toString));
        }
    }

    /** What the optimizer moves; batch norm's statistics move by themselves. */
    private static Map<String, double[]> trained(TaskNetwork<?> network) {
        Map<String, double[]> values = new LinkedHashMap<>();
        network.weights().names().stream().filter(TaskNetwork::isOwn)
            .filter(name -> !name.contains("running_") && !name.endsWith("num_batches_tracked"))
            .forEach(name -> values.put(name, network.weights().get(name).toDoubles()));
        return values;
    }

    /** Such as backbone and verb. */
    private static Set<String> parts(Set<String> variables) {
        return variables.stream().map(name -> name.split("\\.", 2)[0]).collect(Collectors.toCollection(TreeSet::new));
    }

    /** Everything is there but the release's vocabularies, so that nothing else is to be said. */
    private static final class Watching implements Finetuning.Watcher {
        @Override
        public void step(long done, long all, Metrics metrics, double rate, double secondsLeft) {
        }

        @Override
        public void note(String message) {
            assertTrue(message.contains("as the release's are not there"), message);
        }

        @Override
        public void begun(String stage, Path where) {
        }

        @Override
        public void ended(String stage, Path where, boolean before) {
        }
    }
}
