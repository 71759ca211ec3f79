package dev.kinema.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.Emulated;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Slice;
import dev.kinema.model.ProjectionHead;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Steps in parts against the same step in one graph, and the order of things within a step. In float64: what differs is meaning, not rounding. */
class BackboneStepTest {
    private static final int FILMS = 4;
    private static final int PART = 2;
    private static final long SEED = 5;
    private static final long STEP = 3;
    private static final double RATE = 0.1;
    private static final double DECAY = 0.9;
    private static final SlowConfig.Clip CLIP = new SlowConfig.Clip(4, 16, 2);
    private static final ProjectionHead HEAD = new ProjectionHead(2, 6, 4, null);
    private static final Optimizer SGD = Optimizer.of(new Sgd(0.9, 0, false), 0.01);

    private static SlowConfig network(int classes) {
        return SlowConfig.SLOW_D_R50.withWidth(2).withStages(List.of(new SlowConfig.Stage(1, 1, 1), new SlowConfig.Stage(1, 3, 2)))
            .withClip(CLIP).withZeroInitFinalNorm(false).withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, classes, 0));
    }

    private static List<ByteBuffer> parts(int clips, int films, int part, long seed) {
        int clip = CLIP.frames() * CLIP.crop() * CLIP.crop() * 3;
        byte[] all = new byte[clips * films * clip];
        new Random(seed).nextBytes(all);
        List<ByteBuffer> parts = new ArrayList<>();
        for (int p = 0; p < films / part; p++) {
            ByteBuffer pixels = ByteBuffer.allocateDirect(clips * part * clip);
            for (int view = 0; view < clips; view++) {
                pixels.put(view * part * clip, all, (view * films + p * part) * clip, part * clip);
            }
            parts.add(pixels);
        }
        return parts;
    }

    private static StepBuilder builder(Device device, Weights weights, Objective objective, int part) {
        return new StepBuilder(device, weights, Compilation.FP32, CLIP, objective, SGD, FILMS, part, SEED);
    }

    /** The step in one graph: the network on each part, the loss over all, as {@link CachedStep} is to be understood. */
    private static void oneGraph(Device device, Weights weights, Objective objective, BackboneStep.Batch batch, List<ByteBuffer> parts) {
        Graph graph = new Graph();
        Pass root = Pass.train(graph);
        Deal deal = Deal.of(2, FILMS, PART, SEED, STEP);
        Value[] all = new Value[2 * FILMS];
        Value[] allKeys = new Value[2 * FILMS];
        Value frames = BackboneStep.clips(graph, CLIP, 2 * FILMS);
        for (int group = 0; group < FILMS / PART; group++) {
            List<Value> clips = new ArrayList<>();
            for (int k = 0; k < 2 * PART; k++) {
                int film = deal.film(group, k / PART, k % PART);
                // frames come part by part, the first clips of a part's films first
                clips.add(Slice.of(frames, 0, film / PART * 2 * PART + k / PART * PART + film % PART, 1));
            }
            Value together = Concat.of(0, clips.toArray(Value[]::new));
            Value rows = objective.rows(root.at("backbone"), together);
            Value keys = objective.hasKeys() ? objective.rows(root.at("backbone_hist").frozen(), together) : rows;
            for (int k = 0; k < 2 * PART; k++) {
                int place = k / PART * FILMS + deal.film(group, k / PART, k % PART);
                all[place] = Slice.of(rows, 0, k, 1);
                allKeys[place] = Slice.of(keys, 0, k, 1);
            }
        }
        Value rows = Concat.of(0, all);
        Value keys = objective.hasKeys() ? Concat.of(0, allKeys) : null;
        Objective.Loss loss = objective.loss(rows, keys, FILMS);
        graph.output(BackboneStep.LOSS, loss.value());
        Optimizer.Step step = SGD.minimize(loss.value());
        StepBuilder builder = builder(device, weights, objective, FILMS);
        if (objective.hasKeys()) {
            builder.follow(graph, step);
        }
        builder.initialize(graph);
        try (Program program = device.compile(graph, weights, Compilation.FP32)) {
            ByteBuffer input = program.input(BackboneStep.FRAMES).buffer();
            parts.forEach(part -> input.put(part.duplicate().clear()));
            program.input(Optimizer.LEARNING_RATE).put((float) batch.rate());
            if (objective.hasKeys()) {
                program.input(MovingAverage.DECAY).put((float) batch.decay());
            }
            program.run();
        }
    }

    private static void sameAsOneGraph(Objective objective) {
        try (Device device = Device.open("reference"); Weights inParts = device.newWeights(); Weights whole = device.newWeights()) {
            List<ByteBuffer> parts = parts(2, FILMS, PART, 1);
            BackboneStep.Batch batch = new BackboneStep.Batch(parts, new int[FILMS], RATE, DECAY, STEP);
            try (BackboneStep step = builder(device, inParts, objective, PART).build()) {
                assertTrue(step instanceof CachedStep);
                step.run(batch);
                step.run(batch);
            }
            oneGraph(device, whole, objective, batch, parts);
            oneGraph(device, whole, objective, batch, parts);
            for (String name : whole.names()) {
                assertArrayEquals(whole.get(name).toDoubles(), inParts.get(name).toDoubles(), 1e-9, name);
            }
            inParts.names().stream().filter(name -> name.startsWith(GradientSum.PREFIX)).forEach(name -> {
                for (double sum : inParts.get(name).toDoubles()) {
                    assertEquals(0, sum, name);
                }
            });
        }
    }

    @Test
    void inBatchContrastInPartsIsThatOfTheWholeBatch() {
        sameAsOneGraph(new InBatchContrast(new Slow(network(0)), HEAD, 0.1));
    }

    @Test
    void queueContrastInPartsIsThatOfTheWholeBatch() {
        sameAsOneGraph(new QueueContrast(new Slow(network(0)), HEAD, 0.1, 20));
    }

    /** Without the cache the loss would compare within parts only: the test above would be void if that made no difference. */
    @Test
    void partsAloneWouldBeAnotherLoss() {
        Objective objective = new InBatchContrast(new Slow(network(0)), HEAD, 0.1);
        assertEquals(2 * Math.log(7), objective.chance(FILMS), 1e-12);
        assertTrue(objective.chance(FILMS) - objective.chance(PART) > 1);
    }

    /** Every clip is dealt once; first clips stay, second clips are mixed anew in each step. */
    @Test
    void secondClipsAreDealtOutInAnOrderOfTheirOwn() {
        int apart = 0;
        for (int step = 0; step < 200; step++) {
            Deal deal = Deal.of(2, 12, 3, SEED, step);
            boolean[] dealt = new boolean[12];
            for (int group = 0; group < 4; group++) {
                for (int k = 0; k < 3; k++) {
                    assertEquals(group * 3 + k, deal.film(group, 0, k));
                    int second = deal.film(group, 1, k);
                    assertFalse(dealt[second]);
                    dealt[second] = true;
                    apart += second / 3 != group ? 1 : 0;
                }
            }
        }
        // 3 of 12 second clips are with their first by chance; four standard deviations of 2400 draws
        assertEquals(0.75, apart / 2400.0, 4 * Math.sqrt(0.75 * 0.25 / 2400));
    }

    @Test
    void classificationInPartsHasTheMeanLoss() {
        Objective objective = new Classification(new Slow(network(3)));
        try (Device device = Device.open("reference"); Weights weights = device.newWeights(); Weights halves = device.newWeights()) {
            int[] labels = {2, 0, 1, 1};
            List<ByteBuffer> parts = parts(1, FILMS, PART, 2);
            BackboneStep.Result result;
            try (BackboneStep step = builder(device, weights, objective, PART).build()) {
                assertTrue(step instanceof SummedStep);
                result = step.run(new BackboneStep.Batch(parts, labels, RATE, 0, STEP));
            }
            double loss = 0;
            for (int p = 0; p < 2; p++) {
                StepBuilder half = new StepBuilder(device, halves, Compilation.FP32, CLIP, objective, SGD, PART, PART, 5);
                try (Weights fresh = device.newWeights();
                        BackboneStep step = new StepBuilder(device, fresh, half.compilation(), CLIP, objective, SGD, PART, PART, 5).build()) {
                    loss += step.run(new BackboneStep.Batch(List.of(parts.get(p)), new int[] {labels[2 * p], labels[2 * p + 1]}, RATE, 0, STEP)).loss() / 2;
                }
            }
            assertEquals(loss, result.loss(), 1e-9);
            assertEquals(FILMS * 3, result.rows().length);
        }
    }

    /** The losses of steps over some batches, and all variables after them. */
    private static Map<String, double[]> trained(Device device, List<BackboneStep.Clips> batches, UnaryOperator<BackboneStep.Clips> following) {
        Map<String, double[]> results = new LinkedHashMap<>();
        try (Weights weights = device.newWeights();
                BackboneStep step = builder(device, weights, new Classification(new Slow(network(3))), FILMS).build()) {
            for (int i = 0; i < batches.size(); i++) {
                BackboneStep.Clips now = batches.get(i);
                BackboneStep.Result result = step.run(new BackboneStep.Batch(now, RATE, 0, i), () -> following.apply(now));
                results.put("step " + i, new double[] {result.loss(), result.gradientNorm()});
            }
            weights.names().forEach(name -> results.put(name, weights.get(name).toDoubles()));
        }
        return results;
    }

    /** Also where another one comes than was announced, and where none is there yet. */
    @Test
    void aBatchThatIsGivenToTheDeviceAheadIsTrainedOnWithTheSameBits() {
        List<BackboneStep.Clips> batches = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            batches.add(new BackboneStep.Clips(parts(1, FILMS, FILMS, i), IntStream.range(i, i + FILMS).map(k -> k % 3).toArray()));
        }
        for (String name : Emulated.isThere() ? List.of("cpu", "cuda-emulated:0") : List.of("cpu")) {
            try (Device device = Device.open(name, 1)) {
                Map<String, double[]> expected = trained(device, batches, now -> null);
                Map<String, double[]> ahead = trained(device, batches, now -> {
                    int next = batches.indexOf(now) + 1;
                    return next == 3 ? batches.get(0) : next == 4 || next == batches.size() ? null : batches.get(next);
                });
                assertEquals(expected.keySet(), ahead.keySet());
                expected.forEach((what, values) -> assertArrayEquals(values, ahead.get(what), name + ": " + what));
            }
        }
    }

    /**
     * MoCo's order (He et al., algorithm 1): the copy follows before keys are made, keys are compared with the queue as it was, and are enqueued
     * after that. Ours follows at the end of the step before, which comes to the same: the keys of step 2 are those of the copy that has
     * followed the network of step 1's end.
     */
    @Test
    void copyFollowsBeforeKeysAndKeysAreEnqueuedAfterTheLoss() {
        QueueContrast objective = new QueueContrast(new Slow(network(0)), HEAD, 0.1, 20);
        try (Device device = Device.open("reference"); Weights weights = device.newWeights()) {
            List<ByteBuffer> parts = parts(2, FILMS, FILMS, 3);
            BackboneStep.Batch batch = new BackboneStep.Batch(parts, new int[FILMS], RATE, DECAY, STEP);
            String name = "head.projection.projection.0.weight";
            try (BackboneStep step = builder(device, weights, objective, FILMS).build()) {
                double[] start = weights.get(Objective.NETWORK + name).toDoubles();
                assertArrayEquals(start, weights.get(Objective.COPY + name).toDoubles(), 0, "the copy starts equal");
                HostArray queue = weights.get(QueueContrast.QUEUE);
                step.run(batch);
                double[] trained = weights.get(Objective.NETWORK + name).toDoubles();
                double[] copy = weights.get(Objective.COPY + name).toDoubles();
                for (int i = 0; i < copy.length; i++) {
                    // float32 of the decay
                    assertEquals(DECAY * start[i] + (1 - DECAY) * trained[i], copy[i], 1e-7);
                }
                assertEquals(8, weights.get(QueueContrast.POINTER).getLong(0));
                HostArray after = weights.get(QueueContrast.QUEUE);
                double[] keys = keys(device, weights, start, objective, parts.get(0));
                for (int i = 0; i < queue.elements(); i++) {
                    assertEquals(i < keys.length ? keys[i] : queue.get(i), after.get(i), 1e-9, "queue element " + i);
                }
                step.run(batch);
                step.run(batch);
                assertEquals(24 % 20, weights.get(QueueContrast.POINTER).getLong(0), "the ring wraps");
            }
        }
    }

    /** The keys by a network of the start's weights: only the seed decides them, so they are drawn again. */
    private static double[] keys(Device device, Weights trained, double[] start, QueueContrast objective, ByteBuffer pixels) {
        Graph graph = new Graph();
        Value rows = objective.rows(Pass.train(graph).at("backbone"), BackboneStep.clips(graph, CLIP, 2 * FILMS));
        graph.output(BackboneStep.ROWS, rows);
        try (Weights fresh = device.newWeights()) {
            fresh.initialize(graph, 5);
            assertArrayEquals(start, fresh.get(Objective.NETWORK + "head.projection.projection.0.weight").toDoubles(), 0);
            try (Program program = device.compile(graph, fresh, Compilation.FP32)) {
                BackboneStep.fill(program, pixels);
                program.run();
                return program.output(BackboneStep.ROWS).toDoubles();
            }
        }
    }
}
