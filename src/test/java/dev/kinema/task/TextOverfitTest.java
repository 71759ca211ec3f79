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
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.Decoder;
import dev.kinema.model.DecoderConfig;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Adam;
import dev.kinema.optim.LearningRate;
import dev.kinema.optim.Optimizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A small decoder without dropout learns eight texts by heart, and writes them down again from their first token and what they are about. */
class TextOverfitTest {
    private static final int TEXTS = 8;
    private static final int LENGTH = 14;
    private static final int WIDTH = 32;
    private static final int VOCABULARY = 30;
    private static final int PAD = 29;
    private static final int EOS = 28;
    private static final int STEPS = 120;
    private static final long SEED = 1;

    /** Texts of 5 to 12 random tokens and the end token; all begin with token 0 or 1, so that only the memory tells them apart. */
    private static List<int[]> texts() {
        List<int[]> texts = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            Philox philox = new Philox(31, i, 0);
            int[] text = new int[6 + i];
            for (int t = 0; t < text.length; t++) {
                text[t] = t == 0 ? i % 2 : (int) (philox.uniform(t) * EOS);
            }
            text[text.length - 1] = EOS;
            texts.add(text);
        }
        return texts;
    }

    private static Graph training(DecoderConfig config) {
        Graph graph = new Graph();
        Value memory = graph.input("memory", DType.F32, Shape.of(TEXTS, 1, WIDTH));
        Value loss = new Decoder(config).loss(Pass.train(graph), Decoder.texts(graph, TEXTS, LENGTH), memory, null);
        graph.output("loss", loss);
        Optimizer.of(new Adam(0.9, 0.99, 1e-8, false), 0).minimize(loss);
        return graph;
    }

    @ParameterizedTest
    @ValueSource(strings = {"PAPER", "TOOLKIT"})
    void writesTheTextsItLearned(String which) {
        DecoderConfig config = (which.equals("PAPER") ? DecoderConfig.PAPER : DecoderConfig.TOOLKIT)
            .withVocabulary(VOCABULARY, PAD, EOS).withSizes(WIDTH, 3, 4, 64, 16, LENGTH).withDropout(0, 0, 0);
        HostArray memory = HostArray.of(Shape.of(TEXTS, 1, WIDTH), GoldenFile.lcg(7, TEXTS * WIDTH));
        Graph graph = training(config);
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, SEED);
            try (Program program = device.compile(graph, weights)) {
                program.input("memory").put(memory);
                new TextBatch(config).put(program, texts());
                LearningRate rate = LearningRate.cosine(0.004, 0, STEPS);
                for (int step = 0; step < STEPS; step++) {
                    program.input(Optimizer.LEARNING_RATE).put(rate.at(step));
                    program.run();
                }
                assertTrue(program.output("loss").get(0) < 0.05, "loss at the end: " + program.output("loss").get(0));
            }
            for (int beam : new int[] {1, 3}) {
                DecodingConfig how = DecodingConfig.PAPER.withLength(0, LENGTH).withBeam(beam);
                try (TextDecoding decoding = new TextDecoding(new TextDecoding.Network(device, weights, new Decoder(config), ""), how, 3, 1,
                    Compilation.FP32)) {
                    List<int[]> prompts = texts().stream().map(t -> new int[] {t[0]}).toList();
                    List<DecodedText> written = decoding.decode(memory, prompts);
                    assertEquals(texts().stream().map(t -> Arrays.stream(t, 0, t.length - 1).boxed().toList()).toList(),
                        written.stream().map(DecodedText::tokens).toList());
                    assertTrue(written.stream().allMatch(DecodedText::ended));
                }
            }
        }
    }

    /** A language model is told a text's first token and nothing else. */
    @Test
    void aLanguageModelWritesTheTextsItLearned() {
        List<int[]> texts = List.of(new int[] {0, 7, 7, 3, 12, 5, EOS}, new int[] {1, 7, 7, 4, EOS}, new int[] {2, 9, EOS},
            new int[] {3, 9, 9, 9, 9, 9, 9, 9, 7, EOS});
        LanguageModel model = new LanguageModel(LanguageModelConfig.GPT2.withVocabulary(VOCABULARY, PAD, EOS)
            .withSizes(WIDTH, 2, 4, 4 * WIDTH, LENGTH).withDropout(0, 0));
        Graph graph = new Graph();
        Value loss = model.loss(Pass.train(graph), Decoder.texts(graph, texts.size(), LENGTH));
        graph.output("loss", loss);
        Optimizer.of(new Adam(0.9, 0.99, 1e-8, false), 0).minimize(loss);
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, SEED);
            try (Program program = device.compile(graph, weights)) {
                new TextBatch(model.config()).put(program, texts);
                LearningRate rate = LearningRate.cosine(0.004, 0, STEPS);
                for (int step = 0; step < STEPS; step++) {
                    program.input(Optimizer.LEARNING_RATE).put(rate.at(step));
                    program.run();
                }
                assertTrue(program.output("loss").get(0) < 0.05, "loss at the end: " + program.output("loss").get(0));
            }
            TextDecoding.Network network = new TextDecoding.Network(device, weights, model, "");
            for (int beam : new int[] {1, 3}) {
                DecodingConfig how = DecodingConfig.PAPER.withLength(0, LENGTH).withBeam(beam);
                try (TextDecoding decoding = new TextDecoding(network, how, 3, Compilation.FP32)) {
                    List<DecodedText> written = decoding.decode(texts.stream().map(t -> new int[] {t[0]}).toList());
                    assertEquals(texts.stream().map(t -> Arrays.stream(t, 0, t.length - 1).boxed().toList()).toList(),
                        written.stream().map(DecodedText::tokens).toList());
                    assertTrue(written.stream().allMatch(DecodedText::ended));
                }
            }
        }
    }

    @Test
    void textsThatDoNotFitAreRefused() {
        DecoderConfig config = DecoderConfig.PAPER.withVocabulary(VOCABULARY, PAD, EOS).withSizes(8, 1, 1, 8, 0, LENGTH);
        Graph graph = new Graph();
        Value memory = graph.input("memory", DType.F32, Shape.of(2, 1, 8));
        graph.output("loss", new Decoder(config).loss(Pass.eval(graph), Decoder.texts(graph, 2, 3), memory, null));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                TextBatch batch = new TextBatch(config);
                batch.put(program, List.of(new int[] {1, 2, 3, EOS}));
                assertEquals(List.of(1L, 2L, 3L, 29L, 29L, 29L), Arrays.stream(program.input(Decoder.TOKENS).toLongs()).boxed().toList());
                assertEquals(List.of(2L, 3L, 28L, 29L, 29L, 29L), Arrays.stream(program.input(Decoder.TARGETS).toLongs()).boxed().toList());
                assertEquals(List.of(0L, 0L, 0L, 1L, 1L, 1L), Arrays.stream(program.input(Decoder.PADDING).toLongs()).boxed().toList());
                refused("text 1 has 5 tokens", batch, program, new int[] {1, 2, 3, 4, EOS});
                refused("text 1 has 1 tokens", batch, program, new int[] {1});
                refused("holds 29", batch, program, new int[] {1, PAD});
                refused("holds 30", batch, program, new int[] {1, 30});
                assertThrows(KinemaException.class, () -> batch.put(program, List.of(new int[2], new int[2], new int[2])));
            }
        }
    }

    private static void refused(String part, TextBatch batch, Program program, int[] text) {
        KinemaException e = assertThrows(KinemaException.class, () -> batch.put(program, List.of(new int[] {1, EOS}, text)));
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }
}
