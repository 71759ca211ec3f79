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
    private final SequenceReader sequences;
    /** What a run has given the device for the next one, while it is under way; null where nothing. */
    private SequenceReader.Sequences next;
    /** Whose features the program's next run has already; null where nobody's. */
    private SequenceReader.Sequences filled;
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
        sequences = new SequenceReader(windows, config.batch(), stepsPerEpoch, steps());
        weights = device.newWeights();
        boolean built = false;
        try {
            // what is hidden may depend on the weights after the step before, and is little
            program = prediction.compile(device, compilation.withStaged(MaskPrediction.FEATURES), weights, config.optimizer().optimizer(), seed);
            discrepancy = config.masks().place() == MaskPredictionConfig.Place.MAX_DISCREPANCY ? discrepancy(device, compilation, network) : null;
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
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
        SequenceReader.Sequences batch = sequences.next(number);
        long loaded = System.nanoTime() - begun;
        whole = false;
        int count = hide(number, batch);
        double epoch = (double) number / stepsPerEpoch;
        if (batch != filled) {
            program.input(MaskPrediction.FEATURES).put(batch.features());
        }
        filled = null;
        program.input(Optimizer.LEARNING_RATE).put((float) rate.at(epoch));
        if (copies()) {
            program.input(MovingAverage.DECAY).put((float) config.objective().targetMomentum());
        }
        program.run(() -> {
            next = sequences.poll(number + 1);
            if (next != null) {
                program.input(MaskPrediction.FEATURES).put(next.features());
            }
            return next != null;
        });
        filled = next;
        Metrics metrics = metrics(number, count, loaded, begun);
        whole = true;
        return metrics;
    }

    /** Draws what is hidden and fills in what follows from it. @return how many events are */
    private int hide(long number, SequenceReader.Sequences batch) {
        int[] films = batch.films();
        Philox random = new Philox(seed, number, MASKS);
        MaskSampler.Block[] blocks;
        if (discrepancy == null) {
            blocks = masks.blocks(films.length, random);
        } else {
            discrepancy.input(MaskPrediction.FEATURES).put(batch.features());
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

    @Override
    public void close() {
        sequences.close();
        if (discrepancy != null) {
            discrepancy.close();
        }
        program.close();
        weights.close();
    }
}
