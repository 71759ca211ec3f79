package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.nn.Pass;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The network by itself; its numbers are held against GPT-2's by the import of GPT-2's weights. */
class LanguageModelTest {
    private static final int PAD = 9;
    private static final int EOS = 0;
    private static final int VOCABULARY = 11;
    private static final LanguageModelConfig TINY = LanguageModelConfig.GPT2.withVocabulary(VOCABULARY, PAD, EOS)
        .withSizes(8, 2, 2, 16, 7).withInitialStd(0.3);
    /** Roundings of float64 through two layers; tokens that do influence each other differ by far more than 1e-3. */
    private static final double SAME = 1e-12;

    private static Graph logits(LanguageModelConfig config, int batch, int length) {
        Graph graph = new Graph();
        Decoder.Texts texts = Decoder.texts(graph, batch, length);
        graph.output("logits", new LanguageModel(config).logits(Pass.eval(graph), texts.tokens(), texts.padding()));
        return graph;
    }

    private static long parameters(Graph graph) {
        return graph.parameters().stream().mapToLong(v -> v.shape().elements()).sum();
    }

    /** The released weights have 124 439 808 and 354 823 168 numbers, and none for padding. */
    @Test
    void sizesOfTheReleasedWeights() {
        assertEquals(124_439_808L + 768, parameters(logits(LanguageModelConfig.GPT2, 1, 60)));
        Graph medium = logits(LanguageModelConfig.GPT2_MEDIUM, 2, 59);
        assertEquals(354_823_168L + 1024, parameters(medium));
        assertEquals(Shape.of(2, 59, 50_258), medium.outputs().get("logits").shape());
    }

    /** Weights are normal with 0.02, those that end a sublayer with 0.02 / sqrt(2 * 4), biases 0. */
    @Test
    void weightsStartAsTheyDidForGpt2() {
        LanguageModelConfig config = LanguageModelConfig.GPT2.withVocabulary(500, 499, 498).withSizes(64, 4, 4, 256, 60);
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(logits(config, 1, 3), 1);
            double residual = 0.02 / Math.sqrt(8);
            // 3840 numbers or more: the estimate's own error is below 1.2 %, and five of these are put up with
            for (String name : List.of("tokens.weight", "positions.weight", "decoder.layers.3.self_attn.in_proj_weight",
                "decoder.layers.0.linear1.weight")) {
                assertEquals(0.02, std(weights.get(name)), 0.02 * 0.06, name);
            }
            assertEquals(residual, std(weights.get("decoder.layers.2.self_attn.out_proj.weight")), residual * 0.06);
            assertEquals(residual, std(weights.get("decoder.layers.2.linear2.weight")), residual * 0.06);
            for (String bias : List.of("self_attn.in_proj_bias", "self_attn.out_proj.bias", "linear1.bias", "linear2.bias", "norm1.bias")) {
                assertEquals(0, std(weights.get("decoder.layers.1." + bias)), bias);
            }
            assertEquals(1, std(weights.get("decoder.norm.weight")), 1e-12);
        }
    }

    private static double std(HostArray array) {
        return Math.sqrt(Arrays.stream(array.toDoubles()).map(x -> x * x).average().orElseThrow());
    }

    private static double[] run(long[] tokens) {
        Graph graph = logits(TINY, 1, tokens.length);
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            try (Program program = device.compile(graph, weights)) {
                program.input(Decoder.TOKENS).put(tokens);
                program.input(Decoder.PADDING).put(Arrays.stream(tokens).map(t -> t == PAD ? 1 : 0).toArray());
                program.run();
                return program.output("logits").toDoubles();
            }
        }
    }

    private static double[] rows(double[] logits, int from, int to) {
        return Arrays.copyOfRange(logits, from * VOCABULARY, to * VOCABULARY);
    }

    @Test
    void aTokenSeesOnlyThoseBeforeIt() {
        double[] a = run(new long[] {1, 2, 3, 4, 5});
        double[] b = run(new long[] {1, 2, 3, 7, 5});
        assertArrayEquals(rows(a, 0, 3), rows(b, 0, 3), SAME);
        for (int t = 3; t < 5; t++) {
            int row = t;
            assertThrows(AssertionError.class, () -> assertArrayEquals(rows(a, row, row + 1), rows(b, row, row + 1), 1e-3), "row " + t);
        }
    }

    @Test
    void padsChangeNothingBeforeThem() {
        assertArrayEquals(run(new long[] {1, 2, 3}), rows(run(new long[] {1, 2, 3, PAD, PAD}), 0, 3), SAME);
    }

    /** The mean is over what is asked for: neither pads nor rows of pads change it. */
    @Test
    void lossLeavesOutPads() {
        long p = PAD;
        double alone = lossAndGradient(1, 3, new long[] {1, 2, 3}, new long[] {2, 3, EOS}, 0, 0)[0];
        double padded = lossAndGradient(2, 5, new long[] {1, 2, 3, p, p, p, p, p, p, p},
            new long[] {2, 3, EOS, p, p, p, p, p, p, p}, 0, 0)[0];
        assertEquals(alone, padded, SAME);
        assertTrue(alone > 0.5, "an untrained model knows little: " + alone);
    }

    /** The token table is read twice, and its derivative is the sum of both: that of the loss by each number of three rows. */
    @Test
    void theTiedTableIsDifferentiatedByBothOfItsUses() {
        long[] tokens = {1, 2, 3};
        long[] targets = {2, 3, EOS};
        double step = 1e-5;
        double[] gradient = lossAndGradient(1, 3, tokens, targets, 0, 0);
        // token 2 is read and asked for, 1 is read and not asked for, EOS is asked for and not read
        for (int i : new int[] {2 * 8, 2 * 8 + 5, 8 + 1, EOS * 8 + 3}) {
            double up = lossAndGradient(1, 3, tokens, targets, i, step)[0];
            double down = lossAndGradient(1, 3, tokens, targets, i, -step)[0];
            // central differences are off by step^2 times third derivatives, far below 1e-6; either use alone is off by more than 1e-3
            assertEquals((up - down) / (2 * step), gradient[1 + i], 1e-6, "number " + i);
            assertTrue(Math.abs(gradient[1 + i]) > 1e-3, "number " + i + ": " + gradient[1 + i]);
        }
    }

    /** The loss, and then its derivative by the token table, of which number {@code moved} is moved. */
    private static double[] lossAndGradient(int batch, int length, long[] tokens, long[] targets, int moved, double by) {
        Graph graph = new Graph();
        Decoder.Texts texts = Decoder.texts(graph, batch, length);
        Value loss = new LanguageModel(TINY.withDropout(0, 0)).loss(Pass.train(graph), texts);
        graph.output("loss", loss);
        graph.output("gradient", Gradients.of(loss, List.of(graph.variables().get("tokens.weight"))).get(0));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            double[] table = weights.get("tokens.weight").toDoubles();
            table[moved] += by;
            weights.put("tokens.weight", HostArray.of(Shape.of(VOCABULARY, 8), table));
            try (Program program = device.compile(graph, weights)) {
                program.input(Decoder.TOKENS).put(tokens);
                program.input(Decoder.TARGETS).put(targets);
                program.input(Decoder.PADDING).put(Arrays.stream(tokens).map(t -> t == PAD ? 1 : 0).toArray());
                program.run();
                double[] result = new double[1 + table.length];
                result[0] = program.output("loss").get(0);
                System.arraycopy(program.output("gradient").toDoubles(), 0, result, 1, table.length);
                return result;
            }
        }
    }

    @Test
    void dropoutIsOfTrainingOnly() {
        Graph graph = new Graph();
        Value tokens = graph.input("tokens", DType.I32, Shape.of(1, 3));
        new LanguageModel(TINY).logits(Pass.train(graph), tokens, null);
        assertTrue(graph.variables().containsKey(Pass.RANDOM));
        assertTrue(!logits(TINY, 1, 3).variables().containsKey(Pass.RANDOM));
    }

    private static void refused(String part, Runnable what) {
        KinemaException e = assertThrows(KinemaException.class, what::run);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        refused("8 tokens", () -> logits(TINY, 1, 8));
        refused("both token 4", () -> TINY.withVocabulary(11, 4, 4));
        refused("pad is token 11", () -> TINY.withVocabulary(11, 11, 4));
    }
}
