package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.MeanSquaredError;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.model.SlowConfig.Stage;
import dev.kinema.nn.BatchNorm;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Adam;
import dev.kinema.optim.LearningRate;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.ParameterGroup;
import dev.kinema.optim.Sgd;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tiny networks learn a handful of random examples by heart, on the reference. */
class OverfitTest {
    private static final int CLIPS = 4;

    /** Losses before each step. */
    private static double[] train(Program program, LearningRate rate, int from, int to) {
        double[] losses = new double[to - from];
        for (int i = from; i < to; i++) {
            program.input(Optimizer.LEARNING_RATE).put(rate.at(i));
            program.run();
            losses[i - from] = program.output("loss").get(0);
        }
        return losses;
    }

    @Test
    void slowDTellsFourClipsApart() {
        SlowConfig config = SlowConfig.SLOW_D_R50.withWidth(4).withClip(new SlowConfig.Clip(8, 32, 4))
            .withStages(List.of(new Stage(1, 1, 1), new Stage(1, 3, 2))).withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, CLIPS, 0));
        Graph graph = new Graph();
        Slow slow = new Slow(config);
        Pass pass = Pass.train(graph);
        Value map = slow.map(pass, graph.input("clips", DType.F32, Shape.of(CLIPS, 8, 32, 32, 3)));
        Value logits = Reshape.of(slow.logits(pass, slow.positions(map)), Shape.of(CLIPS, CLIPS));
        Value loss = SoftmaxCrossEntropy.of(logits, graph.input("labels", DType.I32, Shape.of(CLIPS)));
        graph.output("loss", loss);
        Optimizer.of(Sgd.NESTEROV, 1e-4).withGroup(ParameterGroup.UNDECAYED_NORMS).minimize(loss);
        try (Device device = Device.open("reference"); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                program.input("clips").put(GoldenFile.lcg(8, CLIPS * 8 * 32 * 32 * 3));
                program.input("labels").put(0L, 1L, 2L, 3L);
                double[] losses = train(program, LearningRate.cosine(0.3, 0, 25).withWarmUp(0.03, 3), 0, 25);
                assertEquals(Math.log(CLIPS), losses[0], 0.05, "an untrained classifier knows nothing");
                assertTrue(losses[24] < 0.05, "loss after 24 steps: " + losses[24]);
            }
        }
    }

    /** From the events around it, a network with dropout learns each masked event's target. */
    private static Graph maskPrediction() {
        ContextualizerConfig config = ContextualizerConfig.TXE.withSizes(12, 16, 2, 4, 32, 5);
        Graph graph = new Graph();
        Contextualizer contextualizer = new Contextualizer(config);
        Pass pass = Pass.train(graph);
        Value features = graph.input("features", DType.F32, Shape.of(CLIPS, 5, 12));
        Value tokens = contextualizer.masked(pass, contextualizer.tokens(pass, features), graph.input("mask", DType.U8, Shape.of(CLIPS, 5)));
        Value predicted = Linear.of(16, 12).apply(pass.at("prediction"), contextualizer.encode(pass, tokens, null));
        Value loss = MeanSquaredError.of(predicted, features);
        graph.output("loss", loss);
        Optimizer.of(Adam.ADAMW, 0.01).withGroup(ParameterGroup.UNDECAYED_NORMS).withClip(1).minimize(loss);
        return graph;
    }

    private static void feed(Program program) {
        program.input("features").put(GoldenFile.lcg(9, CLIPS * 5 * 12));
        program.input("mask").put(0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0L);
    }

    @Test
    void contextualizerFillsInMaskedEvents() {
        Graph graph = maskPrediction();
        try (Device device = Device.open("reference"); Weights weights = device.newWeights()) {
            weights.initialize(graph, 2);
            try (Program program = device.compile(graph, weights)) {
                feed(program);
                double[] losses = train(program, LearningRate.constant(0.01), 0, 150);
                // features are uniform in [-1, 1): predicting their mean leaves 1/3
                assertTrue(losses[0] > 0.3, "loss at the start: " + losses[0]);
                assertTrue(losses[149] < 0.08, "loss after 149 steps: " + losses[149]);
            }
        }
    }

    @Test
    void stoppedTrainingGoesOnWithTheSameBits() {
        Graph graph = maskPrediction();
        LearningRate rate = LearningRate.constant(0.01);
        try (Device device = Device.open("reference"); Weights weights = device.newWeights(); Weights resumed = device.newWeights()) {
            weights.initialize(graph, 2);
            double[] straight;
            try (Program program = device.compile(graph, weights)) {
                feed(program);
                train(program, rate, 0, 3);
                weights.names().forEach(name -> resumed.put(name, weights.get(name)));
                straight = train(program, rate, 3, 8);
            }
            try (Program program = device.compile(maskPrediction(), resumed)) {
                feed(program);
                assertArrayEquals(straight, train(program, rate, 3, 8));
            }
        }
    }

    /** A linear probe: the backbone is frozen in evaluation mode and stays as it is. */
    @Test
    void linearProbeLeavesTheBackboneAlone() {
        SlowConfig config = SlowConfig.SLOW_D_R50.withWidth(2).withStages(List.of(new Stage(1, 1, 1))).withZeroInitFinalNorm(false);
        Graph graph = new Graph();
        Pass pass = Pass.train(graph);
        Value clips = graph.input("clips", DType.F32, Shape.of(CLIPS, 4, 16, 16, 3));
        Value feature = new Slow(config).feature(pass.at("backbone").eval().frozen(), clips);
        Value normalised = BatchNorm.DEFAULT.apply(pass.at("norm"), feature);
        Value loss = SoftmaxCrossEntropy.of(Linear.normal(8, CLIPS, 0.01).apply(pass.at("head"), normalised),
            graph.input("labels", DType.I32, Shape.of(CLIPS)));
        graph.output("loss", loss);
        Optimizer.of(Sgd.NESTEROV, 0).minimize(loss);
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            double[] stem = weights.get("backbone.s1.pathway0_stem.conv.weight").toDoubles();
            try (Program program = device.compile(graph, weights)) {
                program.input("clips").put(GoldenFile.lcg(8, CLIPS * 4 * 16 * 16 * 3));
                program.input("labels").put(0L, 1L, 2L, 3L);
                double[] losses = train(program, LearningRate.constant(0.5), 0, 30);
                assertTrue(losses[29] < 0.2, "loss after 29 steps: " + losses[29]);
            }
            assertArrayEquals(stem, weights.get("backbone.s1.pathway0_stem.conv.weight").toDoubles());
            assertEquals(0, weights.get("backbone.s1.pathway0_stem.bn.num_batches_tracked").getLong(0));
            assertEquals(30, weights.get("norm.num_batches_tracked").getLong(0));
        }
    }
}
