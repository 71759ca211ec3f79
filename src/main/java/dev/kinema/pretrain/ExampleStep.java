package dev.kinema.pretrain;

import dev.kinema.config.ConfigReader;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Value;
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.optim.MovingAverage;
import java.util.Locale;

/**
 * The programs of training steps with a made-up batch in their inputs, to be timed. The learning rate is 0 and a momentum copy keeps its
 * values, so that any number of runs do the same work on the same weights; statistics, moments and queues move.
 */
public final class ExampleStep {
    private static final long SEED = 1;
    private static final int BATCH = 0xE8A;

    private ExampleStep() {}

    /**
     * A step of a backbone over {@code films} films at once, with the heads and constants that a configuration has by default.
     *
     * @param weights may hold the network, its variables named {@code backbone.}...; what they lack is drawn
     * @throws dev.kinema.KinemaException if the network has no classes to be told apart, and {@code kind} is supervised
     */
    public static Program backbone(Device device, Compilation how, Weights weights, SlowConfig network, BackboneConfig.ObjectiveKind kind,
            int films) {
        OptimizerConfig optimizer = ConfigReader.parse("the optimizer of an example",
            "{rule: sgd, rate: 0.1, momentum: 0.9, weight_decay: 1e-6}", OptimizerConfig.class);
        Objective objective = objective(network, kind);
        StepBuilder builder = new StepBuilder(device, weights, how, network.clip(), objective, optimizer.optimizer(), films, films, SEED);
        Program program = new WholeStep(builder).program();
        HostArray frames = program.input(BackboneStep.FRAMES);
        Philox random = new Philox(SEED, 0, BATCH);
        for (int i = 0; i < frames.elements(); i++) {
            frames.set(i, (long) (random.bits(i) & 0xFF));
        }
        if (objective instanceof Classification) {
            for (int i = 0; i < films; i++) {
                program.input(Classification.LABELS).set(i, (long) (i % objective.width()));
            }
        }
        if (objective.hasKeys()) {
            program.input(MovingAverage.DECAY).put(1f);
        }
        return program;
    }

    private static Objective objective(SlowConfig network, BackboneConfig.ObjectiveKind kind) {
        return ConfigReader.parse("the objective of an example", "{kind: " + kind.name().toLowerCase(Locale.ROOT) + "}",
            BackboneConfig.ObjectiveSettings.class).of(network);
    }

    /**
     * What {@link #backbone} differentiates, for other software to compute: its forward pass alone, to the output {@code loss}.
     *
     * @param kind one without a momentum encoder
     */
    public static Graph backboneLoss(SlowConfig network, BackboneConfig.ObjectiveKind kind, int films) {
        Objective objective = objective(network, kind);
        if (objective.hasKeys()) {
            throw new IllegalArgumentException("the forward pass of " + kind + " needs the keys of a momentum encoder");
        }
        Graph graph = new Graph();
        Value clips = BackboneStep.clips(graph, network.clip(), objective.clips() * films);
        Value rows = objective.rows(Pass.train(graph).at("backbone"), clips);
        graph.output(BackboneStep.LOSS, objective.loss(rows, null, films).value());
        return graph;
    }

    /** What {@link #contextualizer} differentiates: its forward pass to the output {@code loss}, and the enqueuing. */
    public static Graph contextualizerLoss(ContextualizerConfig network, int sequences) {
        Graph graph = new Graph();
        graph.output(BackboneStep.LOSS, prediction(network, sequences).append(graph).loss());
        return graph;
    }

    private static MaskPrediction prediction(ContextualizerConfig network, int sequences) {
        String target = network.projection() == ContextualizerConfig.Projection.NONE ? "raw" : "projected";
        int tokens = network.maxLength();
        return new MaskPrediction(new Contextualizer(network), ConfigReader.parse("the objective of an example",
            "{target: " + target + "}", MaskPredictionConfig.ObjectiveSettings.class), sequences, tokens, masks(tokens).most(sequences));
    }

    private static MaskSampler masks(int tokens) {
        return new MaskSampler(tokens, MaskSampler.upTo(0.6, tokens));
    }

    /**
     * A step of mask prediction over {@code sequences} sequences as long as the network takes, with its constants by default: a queue of
     * 65,536 keys.
     *
     * @param weights may hold the network, its variables named {@code contextualizer.}...; what they lack is drawn
     */
    public static Program contextualizer(Device device, Compilation how, Weights weights, ContextualizerConfig network, int sequences) {
        boolean raw = network.projection() == ContextualizerConfig.Projection.NONE;
        OptimizerConfig optimizer = ConfigReader.parse("the optimizer of an example", "{rule: adam, rate: 1e-4}", OptimizerConfig.class);
        int tokens = network.maxLength();
        MaskPrediction prediction = prediction(network, sequences);
        Program program = prediction.compile(device, how, weights, optimizer.optimizer(), SEED);
        Philox random = new Philox(SEED, 0, BATCH);
        HostArray features = program.input(MaskPrediction.FEATURES);
        for (int i = 0; i < features.elements(); i++) {
            features.set(i, random.normal(i));
        }
        new HiddenEvents(masks(tokens).blocks(sequences, random), new int[sequences], tokens)
            .fill(program, prediction.settings(), prediction.rows());
        if (!raw) {
            program.input(MovingAverage.DECAY).put(1f);
        }
        return program;
    }
}
