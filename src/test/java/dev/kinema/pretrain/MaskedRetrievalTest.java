package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.data.FeatureHeader;
import dev.kinema.data.FeatureStore;
import dev.kinema.data.FeatureWriter;
import dev.kinema.data.Film;
import dev.kinema.data.FilmIdentity;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.graph.DType;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.metric.Retrieval;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.pretrain.MaskPredictionConfig.Enqueued;
import dev.kinema.pretrain.MaskPredictionConfig.LossName;
import dev.kinema.pretrain.MaskPredictionConfig.MaskSettings;
import dev.kinema.pretrain.MaskPredictionConfig.ObjectiveSettings;
import dev.kinema.pretrain.MaskPredictionConfig.Place;
import dev.kinema.pretrain.MaskPredictionConfig.Target;
import dev.kinema.pretrain.MaskPredictionConfig.WindowSettings;
import dev.kinema.nn.Activation;
import dev.kinema.run.Metrics;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventGrammar;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mask prediction learns what there is to learn. Films follow a grammar of events; an event's feature is its class's prototype and half as
 * much noise, so that a hidden event's class can be told from its neighbours with certainty 0.91 and nothing else can be told.
 */
class MaskedRetrievalTest {
    private static final int CLASSES = 8;
    private static final int WIDTH = 32;
    private static final int FILMS = 256;
    private static final int EVENTS = 10;
    private static final long SEED = 4;
    private static final EventGrammar GRAMMAR = EventGrammar.of(3, CLASSES);
    private static final ObjectiveSettings PLAIN = new ObjectiveSettings(LossName.INFONCE, Target.PROJECTED, 0.99, 0.1, 1024, Enqueued.TARGETS,
        false);
    private static final MaskSettings MASKS = new MaskSettings(0.6, Optional.empty(), Place.UNIFORM);

    @TempDir
    static Path shared;

    @TempDir
    Path folder;

    private static FeatureStore store;

    @BeforeAll
    static void store() {
        store = store(shared, 0, FILMS);
    }

    private static MaskPredictionConfig config(ObjectiveSettings objective, MaskSettings masks, int epochs) {
        ContextualizerConfig network = ContextualizerConfig.TXE.withSizes(WIDTH, 32, 1, 2, 64, 5).withDropout(0, 0, 0)
            .withNorm(true, true, Activation.RELU);
        OptimizerConfig optimizer = new OptimizerConfig(OptimizerConfig.RuleName.ADAMW, 5e-3, 0, OptimizerConfig.Schedule.COSINE, 1, 0, false,
            0.9, false, 0.01, 0, true, 0.9, 0.999, 0);
        return new MaskPredictionConfig(network, new WindowSettings(5, 2, 1, 0, 64), masks, objective, optimizer, epochs, 32);
    }

    private static EventFilm film(int number) {
        return EventFilm.of(number, GRAMMAR, EVENTS, EventFilm.Format.SMALL);
    }

    /** So many films from {@code first} on, a feature every 2 s. */
    private static FeatureStore store(Path path, int first, int films) {
        FeatureHeader header = FeatureHeader.of("0".repeat(64), WIDTH, 2, 8, 0.2, 48, "fp32", "cpu");
        Philox prototypes = new Philox(1, 0, 0);
        try (FeatureWriter writer = FeatureStore.append(path, header)) {
            for (int i = first; i < first + films; i++) {
                HostArray features = HostArray.allocate(DType.F32, Shape.of(EVENTS, WIDTH));
                HostArray starts = HostArray.allocate(DType.F64, Shape.of(EVENTS));
                Philox noise = new Philox(2, i, 0);
                for (int k = 0; k < EVENTS; k++) {
                    int label = film(i).events().get(k).label();
                    for (int j = 0; j < WIDTH; j++) {
                        features.set(k * WIDTH + j, prototypes.normal(label * WIDTH + j) + 0.5 * noise.normal(k * WIDTH + j));
                    }
                    starts.set(k, 2.0 * k);
                }
                writer.add(new Film("f" + i, Path.of("f" + i), Film.NO_LABEL), new FilmIdentity(1, Instant.EPOCH), features, starts, "");
            }
        }
        return FeatureStore.open(path);
    }

    private static int[] labels(MaskedRetrieval retrieval) {
        return retrieval.places().stream().mapToInt(place -> {
            String id = retrieval.films().get(place.film()).id();
            return film(Integer.parseInt(id.substring(1))).events().get(place.row()).label();
        }).toArray();
    }

    private static double top1(MaskedRetrieval retrieval) {
        int[] labels = labels(retrieval);
        return Retrieval.top1(retrieval.predictions(), labels, retrieval.keys(), labels, IntStream.range(0, labels.length).toArray());
    }

    /** The metrics of each step; the last state is written to {@code checkpoint}. */
    private static List<Metrics> train(Device device, MaskPredictionConfig config, FeatureStore store, Path checkpoint) {
        EventWindows windows = new EventWindows(store, config.window(), SEED);
        List<Metrics> metrics = new ArrayList<>();
        try (MaskPredictionTraining training = new MaskPredictionTraining(device, Compilation.FP32, config, windows, store.fingerprint(), SEED)) {
            for (long step = 0; step < training.steps(); step++) {
                metrics.add(training.step(step));
            }
            Map<String, HostArray> tensors = new LinkedHashMap<>();
            training.weights().names().forEach(name -> tensors.put(name, training.weights().get(name)));
            Safetensors.write(checkpoint, tensors, Map.of());
        }
        return metrics;
    }

    /** Mean over some steps. */
    private static double mean(List<Metrics> metrics, int from, int to, String name) {
        return metrics.subList(from, to).stream().mapToDouble(m -> m.values().get(name)).average().orElseThrow();
    }

    @Test
    void hiddenEventsOfOtherFilmsAreFoundAfterTrainingAndNotBefore() {
        FeatureStore heldOut = store(folder, 1000, 64);
        Path checkpoint = folder.resolve("checkpoint.safetensors");
        MaskPredictionConfig config = config(PLAIN, MASKS, 36);
        try (Device device = Device.open("cpu", 2)) {
            List<Metrics> metrics = train(device, config, store, checkpoint);
            double before = top1(MaskedRetrieval.of(device, config, heldOut, SEED, Optional.empty()));
            double after = top1(MaskedRetrieval.of(device, config, heldOut, SEED, Optional.of(checkpoint)));
            // chance is 0.125, and the grammar allows 0.91
            assertTrue(before < 0.25, "untrained " + before);
            assertTrue(after > 0.6, "trained " + after);
            int steps = metrics.size();
            double spread = mean(metrics, steps - 20, steps, "feature_spread");
            assertTrue(spread > 0.45, "spread " + spread);
        }
    }

    @Test
    void everyAlternativeLowersItsLoss() {
        MaskSettings discrepancy = new MaskSettings(0.6, Optional.empty(), Place.MAX_DISCREPANCY);
        Map<String, MaskPredictionConfig> alternatives = new LinkedHashMap<>();
        for (Target target : Target.values()) {
            for (LossName loss : LossName.values()) {
                // a projection that follows lets an L2 loss collapse, so that its fall would tell nothing: here it stands still
                alternatives.put(target + " " + loss, config(new ObjectiveSettings(loss, target, 1, 0.1, 1024, Enqueued.TARGETS, false),
                    MASKS, 8));
            }
        }
        alternatives.put("all", config(new ObjectiveSettings(LossName.INFONCE, Target.PROJECTED, 0.99, 0.1, 1024, Enqueued.ALL, false), MASKS, 8));
        alternatives.put("other films", config(new ObjectiveSettings(LossName.INFONCE, Target.PROJECTED, 0.99, 0.1, 1024, Enqueued.TARGETS,
            true), MASKS, 8));
        alternatives.put("all, other films", config(new ObjectiveSettings(LossName.INFONCE, Target.RAW, 0.99, 0.1, 1024, Enqueued.ALL, true),
            MASKS, 8));
        alternatives.put("discrepancy", config(new ObjectiveSettings(LossName.INFONCE, Target.RAW, 0.99, 0.1, 1024, Enqueued.TARGETS, false),
            discrepancy, 8));
        try (Device device = Device.open("cpu", 2)) {
            alternatives.forEach((name, config) -> {
                List<Metrics> metrics = train(device, config, store, folder.resolve("checkpoint.safetensors"));
                // while keys fill the queue, 64 a step or more, negatives change; from then on losses can be compared
                int from = config.objective().loss() == LossName.INFONCE ? 16 : 0;
                double early = mean(metrics, from, from + 3, Metrics.LOSS);
                double late = mean(metrics, metrics.size() - 6, metrics.size(), Metrics.LOSS);
                assertTrue(late < early - 0.05, name + ": " + early + " then " + late);
            });
        }
    }

    @Test
    void everyEventIsThereOnceAmongItsNeighbours() {
        try (Device device = Device.open("cpu", 1)) {
            MaskedRetrieval retrieval = MaskedRetrieval.of(device, config(PLAIN, MASKS, 1), store, SEED, Optional.empty());
            assertEquals(FILMS * EVENTS, retrieval.places().stream().distinct().count());
            assertEquals(FILMS * EVENTS, retrieval.keys().length);
            for (int place = 0; place < EVENTS; place++) {
                List<MaskedRetrieval.Place> window = retrieval.window(place);
                assertEquals(5, window.size());
                assertTrue(window.contains(retrieval.places().get(place)));
            }
            assertEquals(0, retrieval.window(1).get(0).row());
            assertEquals(3, retrieval.window(5).get(0).row());
            assertEquals(5, retrieval.window(9).get(0).row());
            for (float[] row : retrieval.predictions()) {
                double square = 0;
                for (float x : row) {
                    square += (double) x * x;
                }
                // float32 rounding of 32 terms
                assertEquals(1, square, 1e-5);
            }
        }
    }

    /** A prediction that saw what it is to guess would be worth nothing. */
    @Test
    void aHiddenEventIsNotSeen() {
        Philox other = new Philox(9, 9, 9);
        FeatureHeader header = store.header();
        Path changed = folder.resolve("changed");
        int hidden = 4;
        try (FeatureWriter writer = FeatureStore.append(changed, header)) {
            HostArray features = store.read(store.entries().get(0)).features();
            for (int j = 0; j < WIDTH; j++) {
                features.set(hidden * WIDTH + j, other.normal(j));
            }
            writer.add(new Film("f0", Path.of("f0"), Film.NO_LABEL), new FilmIdentity(1, Instant.EPOCH), features,
                store.read(store.entries().get(0)).starts(), "");
        }
        try (Device device = Device.open("cpu", 1)) {
            MaskPredictionConfig config = config(PLAIN, MASKS, 1);
            float[][] as = MaskedRetrieval.of(device, config, store, SEED, Optional.empty()).predictions();
            float[][] now = MaskedRetrieval.of(device, config, FeatureStore.open(changed), SEED, Optional.empty()).predictions();
            // the sizes of the batches differ, and with them perhaps the order of sums
            for (int j = 0; j < as[0].length; j++) {
                assertEquals(as[hidden][j], now[hidden][j], 1e-5);
            }
            double moved = IntStream.range(0, as[0].length).mapToDouble(j -> Math.abs(as[hidden - 1][j] - now[hidden - 1][j])).max().orElseThrow();
            assertTrue(moved > 1e-3, "its neighbour's prediction moved by " + moved);
        }
    }

    @Test
    void aCheckpointOfAnotherTrainingIsRefused() {
        Path checkpoint = folder.resolve("other.safetensors");
        Safetensors.write(checkpoint, Map.of("backbone.x", HostArray.allocate(DType.F32, Shape.of(1))), Map.of());
        try (Device device = Device.open("cpu", 1)) {
            KinemaException refused = assertThrows(KinemaException.class,
                () -> MaskedRetrieval.of(device, config(PLAIN, MASKS, 1), store, SEED, Optional.of(checkpoint)));
            assertTrue(refused.getMessage().contains("contextualizer."), refused.getMessage());
        }
    }
}
