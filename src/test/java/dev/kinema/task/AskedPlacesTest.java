package dev.kinema.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.Decoder;
import dev.kinema.model.DecoderConfig;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.model.TextModel;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.Sgd;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Logits of the places where something is asked for teach what logits of all places teach. */
class AskedPlacesTest {
    private static final int WIDTH = 16;
    private static final int VOCABULARY = 40;
    private static final int PAD = 39;
    private static final int EOS = 38;
    private static final int LENGTH = 9;
    private static final int TEXTS = 4;
    /** Three texts for four rows, with 3 + 8 + 1 tokens to be asked for. */
    private static final List<int[]> GIVEN = List.of(new int[] {1, 2, 3, EOS}, new int[] {4, 4, 5, 6, 7, 8, 9, 10, EOS},
        new int[] {2, EOS});
    private static final int ASKED = 12;

    private static TextModel model(String name) {
        return name.equals("decoder")
            ? new Decoder(DecoderConfig.PAPER.withVocabulary(VOCABULARY, PAD, EOS).withSizes(WIDTH, 2, 2, 24, 8, LENGTH)
                .withDropout(0, 0, 0))
            : new LanguageModel(LanguageModelConfig.GPT2.withVocabulary(VOCABULARY, PAD, EOS).withSizes(WIDTH, 2, 2, 24, LENGTH)
                .withDropout(0, 0));
    }

    /** @param asked places; 0 for all */
    private static Graph learning(TextModel model, int asked) {
        Graph graph = new Graph();
        Decoder.Texts texts = asked == 0 ? Decoder.texts(graph, TEXTS, LENGTH) : Decoder.texts(graph, TEXTS, LENGTH, asked);
        Value loss = model instanceof Decoder decoder
            ? decoder.loss(Pass.train(graph), texts, graph.input("memory", DType.F32, Shape.of(TEXTS, 1, WIDTH)), null)
            : ((LanguageModel) model).loss(Pass.train(graph), texts);
        graph.output("loss", loss);
        Optimizer.of(new Sgd(0.9, 0, false), 0).minimize(loss);
        return graph;
    }

    private static void put(Program program, TextModel model) {
        if (model instanceof Decoder) {
            Philox random = new Philox(3, 0, 0);
            for (int i = 0; i < TEXTS * WIDTH; i++) {
                program.input("memory").set(i, random.normal(i));
            }
        }
        new TextBatch(model.config()).put(program, GIVEN);
        program.input(Optimizer.LEARNING_RATE).put(0.1f);
    }

    /** Variables after three steps, and the loss of each. */
    private static Map<String, double[]> learned(Device device, TextModel model, int asked) {
        Graph graph = learning(model, asked);
        Map<String, double[]> learned = new TreeMap<>();
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                put(program, model);
                for (int step = 0; step < 3; step++) {
                    program.run();
                    learned.put("loss " + step, program.output("loss").toDoubles());
                }
            }
            weights.names().stream().filter(name -> !name.startsWith(Optimizer.PREFIX))
                .forEach(name -> learned.put(name, weights.get(name).toDoubles()));
        }
        return learned;
    }

    /**
     * Sums of the same numbers in another order, of a size below 1. Steps go with the gradient: Adam would make whole steps of the roundings
     * that stand where there is none, such as at the biases of attention's keys.
     */
    @ParameterizedTest
    @CsvSource({"decoder, reference, 1e-12", "language model, reference, 1e-12", "decoder, cpu, 1e-5", "language model, cpu, 1e-5"})
    void teachWhatAllPlacesTeach(String name, String device, double tolerance) {
        TextModel model = model(name);
        try (Device on = Device.open(device, 1)) {
            Map<String, double[]> all = learned(on, model, 0);
            for (int asked : new int[] {ASKED, ASKED + 5}) {
                Map<String, double[]> some = learned(on, model, asked);
                assertEquals(all.keySet(), some.keySet());
                assertTrue(all.get("loss 2")[0] < all.get("loss 0")[0]);
                all.forEach((variable, values) -> assertArrayEquals(values, some.get(variable), tolerance, variable));
            }
        }
    }

    @Test
    void moreThanThereArePlacesIsRefused() {
        TextModel model = model("language model");
        Graph graph = learning(model, ASKED - 1);
        try (Device on = Device.open("cpu", 1); Weights weights = on.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = on.compile(graph, weights)) {
                String message = assertThrows(KinemaException.class, () -> put(program, model)).getMessage();
                assertTrue(message.contains("ask for 12 tokens, and the program for 11"), message);
            }
        }
    }
}
