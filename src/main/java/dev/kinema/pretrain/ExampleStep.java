package dev.kinema.pretrain;

import dev.kinema.config.ConfigReader;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.Philox;
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.SlowConfig;
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
        BackboneConfig.ObjectiveSettings settings = ConfigReader.parse("the objective of an example",
            "{kind: " + kind.name().toLowerCase(Locale.ROOT) + "}", BackboneConfig.ObjectiveSettings.class);
        OptimizerConfig optimizer = ConfigReader.parse("the optimizer of an example",
            "{rule: sgd, rate: 0.1, momentum: 0.9, weight_decay: 1e-6}", OptimizerConfig.class);
        Objective objective = settings.of(network);
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

    /**
     * A step of mask prediction over {@code sequences} sequences as long as the network takes, with its constants by default: a queue of
     * 65,536 keys.
     *
     * @param weights may hold the network, its variables named {@code contextualizer.}...; what they lack is drawn
     */
    public static Program contextualizer(Device device, Compilation how, Weights weights, ContextualizerConfig network, int sequences) {
        boolean raw = network.projection() == ContextualizerConfig.Projection.NONE;
        MaskPredictionConfig.ObjectiveSettings settings = ConfigReader.parse("the objective of an example",
            raw ? "{target: raw}" : "{target: projected}", MaskPredictionConfig.ObjectiveSettings.class);
        OptimizerConfig optimizer = ConfigReader.parse("the optimizer of an example", "{rule: adam, rate: 1e-4}", OptimizerConfig.class);
        int tokens = network.maxLength();
        MaskSampler masks = new MaskSampler(tokens, MaskSampler.upTo(0.6, tokens));
        MaskPrediction prediction = new MaskPrediction(new Contextualizer(network), settings, sequences, tokens, masks.most(sequences));
        Program program = prediction.compile(device, how, weights, optimizer.optimizer(), SEED);
        Philox random = new Philox(SEED, 0, BATCH);
        HostArray features = program.input(MaskPrediction.FEATURES);
        for (int i = 0; i < features.elements(); i++) {
            features.set(i, random.normal(i));
        }
        new HiddenEvents(masks.blocks(sequences, random), new int[sequences], tokens).fill(program, settings, prediction.rows());
        if (!raw) {
            program.input(MovingAverage.DECAY).put(1f);
        }
        return program;
    }
}
