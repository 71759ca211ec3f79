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
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.nn.Pass;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class DecoderTest {
    private static final int PAD = 9;
    private static final int EOS = 0;
    private static final DecoderConfig TINY = DecoderConfig.TOOLKIT.withVocabulary(11, PAD, EOS).withSizes(8, 2, 2, 16, 6, 7);
    /** Roundings of float64 through two layers; tokens that do influence each other differ by far more than 1e-3. */
    private static final double SAME = 1e-12;

    private static Graph logits(DecoderConfig config, int batch, int length, int memory, int memoryWidth) {
        Graph graph = new Graph();
        Decoder.Texts texts = Decoder.texts(graph, batch, length);
        Value about = graph.input("memory", DType.F32, Shape.of(batch, memory, memoryWidth));
        graph.output("logits", new Decoder(config).logits(Pass.eval(graph), texts.tokens(), texts.padding(), about, null));
        return graph;
    }

    private static long parameters(Graph graph, String prefix) {
        return graph.parameters().stream().filter(v -> Graph.variableOf(v).startsWith(prefix)).mapToLong(v -> v.shape().elements()).sum();
    }

    @Test
    void sizesOfThePaper() {
        Graph graph = logits(DecoderConfig.PAPER, 2, 59, 1, 1024);
        assertEquals(Shape.of(2, 59, 50_258), graph.outputs().get("logits").shape());
        assertEquals(3 * 12_600_320, parameters(graph, "decoder."));
        assertEquals(60 * 1024, parameters(graph, "positions."));
        assertEquals(50_258L * 1024, parameters(graph, "tokens."));
        assertEquals(512 * 1024, parameters(graph, "bottleneck."));
        assertEquals(50_258L * 512, parameters(graph, "output."));
        assertEquals(Shape.of(3072, 1024), graph.variables().get("decoder.layers.2.multihead_attn.in_proj_weight").shape());
    }

    /** The toolkit's sinusoids are no parameters; the total is the facts' 37 800 960 + V * 1024 + 512 * 1024 + V * 512. */
    @Test
    void sizesOfTheToolkit() {
        Graph graph = logits(DecoderConfig.TOOLKIT, 1, 201, 1, 1024);
        assertEquals(37_800_960 + 50_258L * 1024 + 512 * 1024 + 50_258L * 512, parameters(graph, ""));
        assertTrue(graph.variables().containsKey("positions.weight"));
    }

    @Test
    void withoutBottleneckTheVocabularyReadsTheFullWidth() {
        Graph graph = logits(TINY.withSizes(8, 1, 2, 16, 0, 7), 1, 3, 1, 8);
        assertEquals(0, parameters(graph, "bottleneck."));
        assertEquals(11 * 8, parameters(graph, "output."));
    }

    /** fairseq numbers positions from pad + 1: row t is sin and cos of (pad + 1 + t) * (1, 1/10000^(1/3), ...), sines first. */
    @Test
    void positionsAreNumberedAfterPad() {
        for (boolean afterPad : new boolean[] {true, false}) {
            Graph graph = logits(TINY.withPositions(ContextualizerConfig.Positions.SINUSOID, afterPad, 1), 1, 3, 1, 8);
            try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
                weights.initialize(graph, 1);
                HostArray table = weights.get("positions.weight");
                int first = afterPad ? PAD + 1 : 0;
                // the table is kept in float32 or better
                assertEquals(Math.sin(first + 2), table.get(2 * 8), 1e-6);
                assertEquals(Math.sin((first + 2) * Math.pow(10_000, -1 / 3.0)), table.get(2 * 8 + 1), 1e-6);
                assertEquals(Math.cos(first + 2), table.get(2 * 8 + 4), 1e-6);
            }
        }
    }

    /** One output for one text of tokens, where pads are masked, about a memory of two tokens. */
    private static double[] run(DecoderConfig config, long[] tokens, Consumer<Weights> change) {
        Graph graph = logits(config, 1, tokens.length, 2, 8);
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            change.accept(weights);
            try (Program program = device.compile(graph, weights)) {
                program.input("memory").put(GoldenFile.lcg(5, 16));
                program.input(Decoder.TOKENS).put(tokens);
                program.input(Decoder.PADDING).put(Arrays.stream(tokens).map(t -> t == PAD ? 1 : 0).toArray());
                program.run();
                return program.output("logits").toDoubles();
            }
        }
    }

    private static double[] rows(double[] logits, int from, int to) {
        return Arrays.copyOfRange(logits, from * 11, to * 11);
    }

    @Test
    void aTokenSeesOnlyThoseBeforeIt() {
        double[] a = run(TINY, new long[] {1, 2, 3, 4, 5}, w -> { });
        double[] b = run(TINY, new long[] {1, 2, 3, 7, 5}, w -> { });
        assertArrayEquals(rows(a, 0, 3), rows(b, 0, 3), SAME);
        for (int t = 3; t < 5; t++) {
            int row = t;
            assertThrows(AssertionError.class, () -> assertArrayEquals(rows(a, row, row + 1), rows(b, row, row + 1), 1e-3), "row " + t);
        }
    }

    /** Whatever the table holds for pad, and however many pads there are. */
    @Test
    void padsReadAsZeros() {
        long[] padded = {1, 2, 3, PAD, PAD};
        double[] a = run(TINY, padded, w -> { });
        double[] b = run(TINY, padded, w -> {
            HostArray table = w.get("tokens.weight");
            for (int i = 0; i < 8; i++) {
                table.set(PAD * 8 + i, 5.0);
            }
            w.put("tokens.weight", table);
        });
        assertArrayEquals(a, b, 0);
        assertArrayEquals(rows(a, 0, 3), run(TINY, new long[] {1, 2, 3}, w -> { }), SAME);
    }

    /** The loss is the mean over what is asked for, and neither pads nor rows of pads change it or teach the table's pad row. */
    @Test
    void lossLeavesOutPads() {
        double[] alone = lossAndPadGradient(1, 3, new long[] {1, 2, 3}, new long[] {2, 3, EOS});
        double[] padded = lossAndPadGradient(2, 5, new long[] {1, 2, 3, PAD, PAD, PAD, PAD, PAD, PAD, PAD},
            new long[] {2, 3, EOS, PAD, PAD, PAD, PAD, PAD, PAD, PAD});
        assertEquals(alone[0], padded[0], SAME);
        assertTrue(alone[0] > 0.5, "an untrained decoder knows little: " + alone[0]);
        assertArrayEquals(new double[8], Arrays.copyOfRange(padded, 1, 9), 0);
    }

    private static double[] lossAndPadGradient(int batch, int length, long[] tokens, long[] targets) {
        Graph graph = new Graph();
        Decoder.Texts texts = Decoder.texts(graph, batch, length);
        Value memory = graph.input("memory", DType.F32, Shape.of(batch, 2, 8));
        Value loss = new Decoder(TINY.withDropout(0, 0, 0)).loss(Pass.train(graph), texts, memory, null);
        graph.output("loss", loss);
        graph.output("gradient", Gradients.of(loss, List.of(graph.variables().get("tokens.weight"))).get(0));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            try (Program program = device.compile(graph, weights)) {
                program.input("memory").put(Arrays.copyOf(GoldenFile.lcg(5, 16), batch * 16));
                program.input(Decoder.TOKENS).put(tokens);
                program.input(Decoder.TARGETS).put(targets);
                program.input(Decoder.PADDING).put(Arrays.stream(tokens).map(t -> t == PAD ? 1 : 0).toArray());
                program.run();
                double[] result = new double[9];
                result[0] = program.output("loss").get(0);
                for (int i = 0; i < 8; i++) {
                    result[1 + i] = program.output("gradient").get(PAD * 8 + i);
                }
                return result;
            }
        }
    }

    private static void refused(String part, Runnable what) {
        KinemaException e = assertThrows(KinemaException.class, what::run);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        refused("8 tokens", () -> logits(TINY, 1, 8, 1, 8));
        refused("[B, M, 8]", () -> logits(TINY, 1, 3, 1, 6));
        refused("both token 4", () -> TINY.withVocabulary(11, 4, 4));
        refused("pad is token 11", () -> TINY.withVocabulary(11, 11, 4));
        refused("vocabulary of 2", () -> TINY.withVocabulary(2, 0, 1));
        refused("eos is token -1", () -> TINY.withVocabulary(11, 10, -1));
    }
}
