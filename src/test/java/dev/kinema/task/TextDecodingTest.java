package dev.kinema.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Softmax;
import dev.kinema.model.Decoder;
import dev.kinema.model.DecoderConfig;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.model.TextModel;
import dev.kinema.nn.Activation;
import dev.kinema.nn.Pass;
import dev.kinema.task.DecodingConfig.Start;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Untrained decoders and a language model of tiny sizes, which write nonsense that depends on every detail. */
class TextDecodingTest {
    private static final int VOCABULARY = 13;
    private static final int PAD = 12;
    private static final int EOS = 5;
    private static final int WIDTH = 8;
    private static final int MEMORY = 2;
    private static final int LONGEST = 40;
    private static final TextModel TOOLKIT = new Decoder(DecoderConfig.TOOLKIT.withVocabulary(VOCABULARY, PAD, EOS)
        .withSizes(WIDTH, 2, 2, 16, 6, LONGEST));
    private static final TextModel PAPER = new Decoder(DecoderConfig.PAPER.withVocabulary(VOCABULARY, PAD, EOS)
        .withSizes(WIDTH, 2, 4, 16, 6, LONGEST).withNorm(true, true, Activation.GELU));
    /** With weights that are large enough for attention to decide what is written. */
    private static final TextModel GPT2 = new LanguageModel(LanguageModelConfig.GPT2.withVocabulary(VOCABULARY, PAD, EOS)
        .withSizes(WIDTH, 2, 2, 16, LONGEST).withInitialStd(1));
    private static final Map<String, TextModel> MODELS = Map.of("TOOLKIT", TOOLKIT, "PAPER", PAPER, "GPT2", GPT2);
    /** Long enough for a second and a third step program. */
    private static final DecodingConfig HOW = DecodingConfig.PAPER.withLength(0, 36);
    private static final List<int[]> PROMPTS = List.of(new int[] {1}, new int[] {7, 2}, new int[] {1}, new int[] {3, 4, 4}, new int[] {11});

    private static HostArray memory(int texts) {
        return HostArray.of(Shape.of(texts, MEMORY, WIDTH), GoldenFile.lcg(21, texts * MEMORY * WIDTH));
    }

    private static Value logits(TextModel model, Graph graph, Value tokens, Value padding, Value memory) {
        Pass pass = Pass.eval(graph).at("txd");
        return model instanceof Decoder decoder ? decoder.logits(pass, tokens, padding, memory, null)
            : ((LanguageModel) model).logits(pass, tokens, padding);
    }

    /** Weights of a network at {@code txd}, with flatter probabilities of eos than of other tokens so that lengths differ. */
    private static Weights weights(Device device, TextModel model) {
        Graph graph = new Graph();
        Value memory = graph.input("memory", DType.F32, Shape.of(1, 1, WIDTH));
        logits(model, graph, graph.input("tokens", DType.I32, Shape.of(1, 1)), null, memory);
        Weights weights = device.newWeights();
        weights.initialize(graph, 4);
        String name = model instanceof Decoder ? "txd.output.weight" : "txd.tokens.weight";
        HostArray output = weights.get(name);
        for (int i = 0; i < output.elements(); i++) {
            output.set(i, output.get(i) * (i / output.shape().last() == EOS ? 0.6 : 1.0));
        }
        weights.put(name, output);
        return weights;
    }

    private static List<DecodedText> decode(Device device, Weights weights, TextModel model, DecodingConfig how, int batch) {
        TextDecoding.Network network = new TextDecoding.Network(device, weights, model, "txd");
        boolean about = model instanceof Decoder;
        try (TextDecoding decoding = about ? new TextDecoding(network, how, batch, MEMORY, Compilation.FP32)
            : new TextDecoding(network, how, batch, Compilation.FP32)) {
            return about ? decoding.decode(memory(PROMPTS.size()), PROMPTS) : decoding.decode(PROMPTS);
        }
    }

    /** Everything computed anew for each token: the whole texts so far, as in training. */
    private static final class WholeTexts implements NextProbabilities, AutoCloseable {
        private final Program program;
        private final int rows;
        private List<int[]> texts = new ArrayList<>();

        WholeTexts(Device device, Weights weights, TextModel model, int beam) {
            rows = PROMPTS.size() * beam;
            Graph graph = new Graph();
            Value memory = graph.input("memory", DType.F32, Shape.of(rows, MEMORY, WIDTH));
            Decoder.Texts inputs = Decoder.texts(graph, rows, LONGEST);
            graph.output("p", Softmax.of(logits(model, graph, inputs.tokens(), inputs.padding(), memory)));
            program = device.compile(graph, weights);
            HostArray about = memory(PROMPTS.size());
            int each = MEMORY * WIDTH;
            for (int i = 0; i < rows * each; i++) {
                program.input("memory").set(i, about.get(i / each / beam * each + i % each));
            }
            for (int r = 0; r < rows; r++) {
                texts.add(new int[0]);
            }
        }

        @Override
        public HostArray read(int position, int[] tokens, int[] parents) {
            List<int[]> longer = new ArrayList<>();
            for (int r = 0; r < rows; r++) {
                int[] text = Arrays.copyOf(texts.get(parents[r]), position + 1);
                text[position] = tokens[r];
                longer.add(text);
                for (int t = 0; t < LONGEST; t++) {
                    program.input(Decoder.TOKENS).set(r * LONGEST + t, (long) (t <= position ? text[t] : PAD));
                    program.input(Decoder.PADDING).set(r * LONGEST + t, t <= position ? 0L : 1L);
                }
            }
            texts = longer;
            program.run();
            double[] next = new double[rows * VOCABULARY];
            for (int i = 0; i < next.length; i++) {
                next[i] = program.output("p").get((i / VOCABULARY * LONGEST + position) * VOCABULARY + i % VOCABULARY);
            }
            return HostArray.of(Shape.of(rows, VOCABULARY), next);
        }

        @Override
        public void close() {
            program.close();
        }
    }

    private static void same(List<DecodedText> expected, List<DecodedText> actual, double tolerance) {
        assertEquals(expected.stream().map(DecodedText::tokens).toList(), actual.stream().map(DecodedText::tokens).toList());
        for (int i = 0; i < expected.size(); i++) {
            assertEquals(expected.get(i).score(), actual.get(i).score(), tolerance, "text " + i);
            assertEquals(expected.get(i).ended(), actual.get(i).ended(), "text " + i);
        }
    }

    /** On the reference to roundings of float64, on the processor to those of float32 through two layers and 36 sums. */
    @ParameterizedTest
    @CsvSource({"reference, TOOLKIT, 1, EOS, 1e-11", "reference, TOOLKIT, 3, PROMPT, 1e-11", "reference, PAPER, 1, PROMPT, 1e-11",
        "reference, PAPER, 4, EOS, 1e-11", "cpu, TOOLKIT, 3, EOS, 1e-5", "cpu, PAPER, 1, PROMPT, 1e-5",
        "reference, GPT2, 1, PROMPT, 1e-11", "reference, GPT2, 3, EOS, 1e-11", "cpu, GPT2, 1, PROMPT, 1e-5", "cpu, GPT2, 4, PROMPT, 1e-5"})
    void cachedIsUncached(String name, String which, int beam, Start start, double tolerance) {
        TextModel model = MODELS.get(which);
        DecodingConfig how = HOW.withBeam(beam).withStart(start);
        try (Device device = Device.open(name, 1); Weights weights = weights(device, model);
            WholeTexts whole = new WholeTexts(device, weights, model, beam)) {
            List<DecodedText> uncached = new BeamSearch(how, PAD, EOS, PROMPTS).run(whole);
            same(uncached, decode(device, weights, model, how, PROMPTS.size()), tolerance);
            assertTrue(uncached.stream().anyMatch(t -> t.tokens().size() > 1 + 32) || beam > 1, "all step programs are used: " + uncached);
            assertTrue(uncached.stream().map(DecodedText::tokens).distinct().count() > 3, "the texts differ: " + uncached);
        }
    }

    /** Beam 1 against the plain loop: the likeliest token after all before, until it is eos. */
    @ParameterizedTest
    @CsvSource({"TOOLKIT, EOS", "TOOLKIT, PROMPT", "GPT2, EOS", "GPT2, PROMPT"})
    void beamOfOneIsGreedy(String which, Start start) {
        DecodingConfig how = HOW.withStart(start);
        TextModel model = MODELS.get(which);
        try (Device device = Device.open("reference", 1); Weights weights = weights(device, model);
            WholeTexts whole = new WholeTexts(device, weights, model, 1)) {
            List<DecodedText> decoded = decode(device, weights, model, how, 3);
            int[] identity = {0, 1, 2, 3, 4};
            List<List<Integer>> texts = new ArrayList<>();
            PROMPTS.forEach(p -> texts.add(new ArrayList<>(Arrays.stream(p).boxed().toList())));
            for (int read = 0; read < how.positions(); read++) {
                int from = start == Start.EOS ? read - 1 : read;
                int[] tokens = texts.stream().mapToInt(t -> from < 0 ? EOS : from < t.size() ? t.get(from) : EOS).toArray();
                HostArray p = whole.read(read, tokens, identity);
                for (int i = 0; i < texts.size(); i++) {
                    List<Integer> text = texts.get(i);
                    if (text.size() == from + 1 && text.size() < how.maxTokens()) {
                        int best = likeliest(p, i);
                        if (best != EOS) {
                            text.add(best);
                        }
                    }
                }
            }
            assertEquals(texts, decoded.stream().map(DecodedText::tokens).toList());
        }
    }

    private static int likeliest(HostArray p, int row) {
        int best = 0;
        for (int token = 0; token < VOCABULARY; token++) {
            best = token != PAD && p.get(row * VOCABULARY + token) > p.get(row * VOCABULARY + best) ? token : best;
        }
        return best;
    }

    @ParameterizedTest
    @CsvSource({"TOOLKIT, 1", "TOOLKIT, 3", "GPT2, 1", "GPT2, 3"})
    void batchIsSingle(String which, int beam) {
        DecodingConfig how = HOW.withBeam(beam);
        TextModel model = MODELS.get(which);
        try (Device device = Device.open("reference", 1); Weights weights = weights(device, model)) {
            List<DecodedText> single = decode(device, weights, model, how, 1);
            // sums do not depend on how many rows there are: the same to the bit
            same(single, decode(device, weights, model, how, 2), 0);
            same(single, decode(device, weights, model, how, 8), 0);
        }
    }

    @Test
    void theWeightsAreFollowedAndABrokenRunLeavesNothingBehind() {
        try (Device device = Device.open("reference", 1); Weights weights = weights(device, TOOLKIT);
            TextDecoding decoding = new TextDecoding(new TextDecoding.Network(device, weights, TOOLKIT, "txd"), HOW, 5, MEMORY,
                Compilation.FP32)) {
            List<DecodedText> before = decoding.decode(memory(5), PROMPTS);
            HostArray bias = weights.get("txd.decoder.layers.0.self_attn.in_proj_bias");
            HostArray broken = weights.get("txd.decoder.layers.0.self_attn.in_proj_bias");
            broken.set(20, Double.NaN);
            weights.put("txd.decoder.layers.0.self_attn.in_proj_bias", broken);
            assertTrue(assertThrows(KinemaException.class, () -> decoding.decode(memory(5), PROMPTS)).getMessage().contains("not numbers"));
            weights.put("txd.decoder.layers.0.self_attn.in_proj_bias", bias);
            same(before, decoding.decode(memory(5), PROMPTS), 0);
        }
    }

    private static void refused(String part, Runnable what) {
        KinemaException e = assertThrows(KinemaException.class, what::run);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void whatCannotBeWrittenIsRefused() {
        refused("0", () -> HOW.withBeam(0));
        refused("9 to 5 tokens", () -> HOW.withLength(9, 5));
        refused("NaN", () -> HOW.withLengthPenalty(Double.NaN));
        try (Device device = Device.open("reference", 1); Weights weights = weights(device, TOOLKIT)) {
            TextDecoding.Network network = new TextDecoding.Network(device, weights, TOOLKIT, "txd");
            refused("need 41 positions, and the network has 40",
                () -> new TextDecoding(network, HOW.withLength(0, 40).withStart(Start.EOS), 1, 1, Compilation.FP32));
            refused("0 at once", () -> new TextDecoding(network, HOW, 0, 1, Compilation.FP32));
            refused("about 0 tokens", () -> new TextDecoding(network, HOW, 1, 0, Compilation.FP32));
            refused("give its length", () -> new TextDecoding(network, HOW, 1, Compilation.FP32));
            try (TextDecoding decoding = new TextDecoding(network, HOW.withLength(0, 3), 2, MEMORY, Compilation.FP32)) {
                refused("prompt 1 has 4 tokens", () -> decoding.decode(memory(2), List.of(new int[] {1}, new int[] {1, 2, 3, 4})));
                refused("prompt 0 is empty", () -> decoding.decode(memory(1), List.of(new int[0])));
                refused("holds 13", () -> decoding.decode(memory(1), List.of(new int[] {13})));
                refused("holds 12", () -> decoding.decode(memory(1), List.of(new int[] {1, PAD})));
                refused("memory [1, 2, 8], and none", () -> decoding.decode(List.of(new int[] {1})));
                refused("[2, 2, 8]", () -> decoding.decode(memory(1), List.of(new int[] {1}, new int[] {2})));
                assertEquals(List.of(), decoding.decode(memory(0), List.of()));
                assertEquals(3, decoding.decode(memory(1), List.of(new int[] {1, 2, 3})).get(0).tokens().size());
            }
        }
    }

    @Test
    void aLanguageModelKnowsNoMemory() {
        try (Device device = Device.open("reference", 1); Weights weights = weights(device, GPT2)) {
            TextDecoding.Network network = new TextDecoding.Network(device, weights, GPT2, "txd");
            refused("length of 2", () -> new TextDecoding(network, HOW, 1, MEMORY, Compilation.FP32));
            try (TextDecoding decoding = new TextDecoding(network, HOW.withLength(0, 3), 2, Compilation.FP32)) {
                refused("got a memory", () -> decoding.decode(memory(1), List.of(new int[] {1})));
                refused("prompt 0 is empty", () -> decoding.decode(List.of(new int[0])));
                assertEquals(3, decoding.decode(List.of(new int[] {1, 2, 3})).get(0).tokens().size());
            }
        }
    }
}
