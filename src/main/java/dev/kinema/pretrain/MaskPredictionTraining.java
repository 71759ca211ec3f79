package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.metric.FeatureSpread;
import dev.kinema.model.Contextualizer;
import dev.kinema.optim.LearningRate;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;
import dev.kinema.run.Metrics;
import dev.kinema.run.Training;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Training of the contextualizer on stored features, step by step. Where it stands is the number of the step and nothing else. */
final class MaskPredictionTraining implements Training {
    private static final int MASKS = 0x3A5C;
    private static final String STORE = "features_sha256";

    private final MaskPredictionConfig config;
    private final EventWindows windows;
    private final MaskSampler masks;
    private final MaskPrediction prediction;
    private final long seed;
    private final String storeFingerprint;
    private final LearningRate rate;
    private final long stepsPerEpoch;
    private final Weights weights;
    private final Program program;
    private final Program discrepancy;
    private final ExecutorService reader = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "kinema-features");
        thread.setDaemon(true);
        return thread;
    });
    /** The sequences of step {@link #aheadStep}, being read while the step before it is computed. */
    private Future<Sequences> ahead;
    private long aheadStep = -1;
    private boolean whole = true;

    /**
     * @param storeFingerprint of the features, which a resumed training must find again
     * @throws KinemaException if the features are not of the width that the network takes, or too few for a batch
     */
    MaskPredictionTraining(Device device, Compilation compilation, MaskPredictionConfig config, EventWindows windows, String storeFingerprint,
            long seed) {
        this.config = config;
        this.windows = windows;
        this.seed = seed;
        this.storeFingerprint = storeFingerprint;
        windows.requireWidth(config.network());
        stepsPerEpoch = windows.count() / config.batch();
        if (stepsPerEpoch == 0) {
            throw new KinemaException("an epoch has " + windows.count() + " sequences, fewer than the " + config.batch()
                + " of a batch: lower batch, raise per_film, or add films");
        }
        rate = config.optimizer().rate(config.epochs());
        masks = config.masks().sampler(windows.tokens());
        Contextualizer network = new Contextualizer(config.network());
        prediction = new MaskPrediction(network, config.objective(), config.batch(), windows.tokens(), masks.most(config.batch()));
        weights = device.newWeights();
        boolean built = false;
        try {
            program = program(device, compilation);
            discrepancy = config.masks().place() == MaskPredictionConfig.Place.MAX_DISCREPANCY ? discrepancy(device, compilation, network) : null;
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
    }

    private Program program(Device device, Compilation compilation) {
        Graph graph = new Graph();
        MaskPrediction.Outputs outputs = prediction.append(graph);
        graph.output(BackboneStep.LOSS, outputs.loss());
        graph.output(BackboneStep.ROWS, outputs.predictions());
        if (outputs.ranks() != null) {
            graph.output(BackboneStep.RANKS, outputs.ranks());
        }
        Optimizer.Step step = config.optimizer().optimizer().minimize(outputs.loss());
        Map<String, String> followers = copies() ? MovingAverage.follow(graph, MaskPrediction.NETWORK + ".", MaskPrediction.COPY + ".", step)
            : Map.of();
        weights.initialize(graph, seed);
        followers.forEach((copy, source) -> weights.put(copy, weights.get(source)));
        return device.compile(graph, weights, compilation);
    }

    private boolean copies() {
        return config.objective().target() == MaskPredictionConfig.Target.PROJECTED;
    }

    private Program discrepancy(Device device, Compilation compilation, Contextualizer network) {
        Graph graph = new Graph();
        DiscrepancyGraph.append(graph, network, config.batch(), windows.tokens());
        Program compiled = device.compile(graph, weights, compilation);
        for (int t = 0; t < windows.tokens(); t++) {
            HostArray mask = compiled.input(DiscrepancyGraph.mask(t));
            for (int b = 0; b < config.batch(); b++) {
                mask.set(b * windows.tokens() + t, 1L);
            }
        }
        return compiled;
    }

    /** The memory of a step's program. */
    MemoryPlan memoryPlan() {
        return program.memoryPlan();
    }

    @Override
    public Weights weights() {
        return weights;
    }

    @Override
    public long steps() {
        return config.epochs() * stepsPerEpoch;
    }

    @Override
    public Metrics step(long number) {
        long begun = System.nanoTime();
        Sequences sequences = next(number);
        long loaded = System.nanoTime() - begun;
        whole = false;
        int count = hide(number, sequences);
        double epoch = (double) number / stepsPerEpoch;
        program.input(MaskPrediction.FEATURES).put(sequences.features);
        program.input(Optimizer.LEARNING_RATE).put((float) rate.at(epoch));
        if (copies()) {
            program.input(MovingAverage.DECAY).put((float) config.objective().targetMomentum());
        }
        program.run();
        Metrics metrics = metrics(number, count, loaded, begun);
        whole = true;
        return metrics;
    }

    /**
     * The sequences of a step.
     *
     * @param films the film of each
     * @param features [batch, tokens, width]
     */
    private record Sequences(int[] films, float[] features) {}

    /** Waits for a step's sequences, and has those of the next read. */
    private Sequences next(long number) {
        Future<Sequences> now = aheadStep == number ? ahead : reader.submit(() -> read(number));
        try {
            Sequences sequences = now.get();
            aheadStep = number + 1;
            ahead = aheadStep < steps() ? reader.submit(() -> read(number + 1)) : null;
            return sequences;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KinemaException("interrupted while features were read: give the same command again to go on", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KinemaException known) {
                throw new KinemaException(known.getMessage(), known);
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("features cannot be read", e.getCause());
        }
    }

    private Sequences read(long number) {
        int[] films = new int[config.batch()];
        float[] features = new float[config.batch() * windows.tokens() * windows.width()];
        int size = windows.tokens() * windows.width();
        for (int i = 0; i < films.length; i++) {
            int index = (int) (number % stepsPerEpoch * config.batch()) + i;
            EventWindows.Window window = windows.window(number / stepsPerEpoch, index);
            windows.copy(window, features, i * size);
            films[i] = window.film();
        }
        return new Sequences(films, features);
    }

    /** Draws what is hidden and fills in what follows from it. @return how many events are */
    private int hide(long number, Sequences sequences) {
        int[] films = sequences.films;
        Philox random = new Philox(seed, number, MASKS);
        MaskSampler.Block[] blocks;
        if (discrepancy == null) {
            blocks = masks.blocks(films.length, random);
        } else {
            discrepancy.input(MaskPrediction.FEATURES).put(sequences.features);
            discrepancy.run();
            blocks = masks.blocks(films.length, random, discrepancy.output(DiscrepancyGraph.DISCREPANCY).toFloats());
        }
        return new HiddenEvents(blocks, films, windows.tokens()).fill(program, config.objective(), prediction.rows());
    }

    private Metrics metrics(long number, int count, long loaded, long begun) {
        Map<String, Double> values = new LinkedHashMap<>();
        boolean contrasts = config.objective().loss() == MaskPredictionConfig.LossName.INFONCE;
        values.put("epoch", (double) (number + 1) / stepsPerEpoch);
        values.put(Metrics.LOSS, program.output(BackboneStep.LOSS).get(0));
        // two unit vectors that know nothing of each other are at a squared distance of 2
        values.put("chance_loss", contrasts ? Math.log(config.objective().queue() + 1.0) : 2);
        values.put("learning_rate", rate.at((double) number / stepsPerEpoch));
        values.put(Metrics.GRADIENT_NORM, program.output(Optimizer.GRADIENT_NORM).get(0));
        if (contrasts) {
            values.put("top1", Rows.first(BackboneStep.integers(program, BackboneStep.RANKS), count));
            values.put("chance_top1", 1 / (config.objective().queue() + 1.0));
        }
        Rows predictions = new Rows(Arrays.copyOf(program.output(BackboneStep.ROWS).toFloats(), count * prediction.width()), prediction.width());
        if (predictions.isFinite()) {
            values.put("feature_spread", FeatureSpread.of(predictions.toArrays()));
        }
        values.put("hidden_events", (double) count);
        values.put("load_seconds", loaded / 1e9);
        values.put("sequences_per_second", config.batch() / ((System.nanoTime() - begun) / 1e9));
        return new Metrics(values);
    }

    @Override
    public Map<String, String> position() {
        return Map.of(STORE, storeFingerprint);
    }

    @Override
    public void restore(Map<String, String> position) {
        if (!storeFingerprint.equals(position.get(STORE))) {
            throw new KinemaException("the features are not those that this training began with: put them back, or choose another run folder");
        }
    }

    /** A step that waits for features has changed nothing. */
    @Override
    public boolean isBetweenSteps() {
        return whole;
    }

    /** The windows are another training's when this one is closed. */
    private void awaitReader() {
        boolean interrupted = false;
        boolean ended = false;
        while (!ended) {
            try {
                ended = reader.awaitTermination(1, TimeUnit.MINUTES);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        reader.shutdown();
        if (ahead != null) {
            ahead.cancel(false);
        }
        awaitReader();
        if (discrepancy != null) {
            discrepancy.close();
        }
        program.close();
        weights.close();
    }
}
