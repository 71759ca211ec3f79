package dev.kinema.embed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.Agreement;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.nn.Pass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A small GPT-2 in the file layout of Hugging Face's transformers. */
class LanguageModelWeightsTest {
    private static final int WIDTH = 128;
    private static final int HEADS = 2;
    private static final int LAYERS = 2;
    private static final int INNER = 96;
    private static final int TOKENS = 13;
    private static final int POSITIONS = 10;
    private static final int EOS = 12;
    private static final int[] TEXT = {3, 0, 12, 7, 7, 1};

    @TempDir
    Path folder;

    private static Map<String, HostArray> gpt2() {
        return new SmallGpt2(TOKENS, POSITIONS, WIDTH, LAYERS, INNER).drawn();
    }

    private static void put(Map<String, HostArray> tensors, String name, int... dims) {
        tensors.put(name, SmallGpt2.drawn(name, 0, 1, Shape.of(dims)));
    }

    private Path write(Map<String, HostArray> tensors) {
        Path file = folder.resolve("model.safetensors");
        Safetensors.write(file, tensors, Map.of("format", "pt"));
        return file;
    }

    private static double[] logits(Device device, LanguageModelWeights imported) {
        Graph graph = new Graph();
        graph.output("logits", new LanguageModel(imported.config())
            .logits(Pass.eval(graph).at("lm"), graph.input("tokens", DType.I32, Shape.of(1, TEXT.length)), null));
        try (Weights weights = device.newWeights()) {
            imported.copyTo(weights, "lm");
            weights.require(graph);
            try (Program program = device.compile(graph, weights)) {
                program.input("tokens").put(Arrays.stream(TEXT).asLongStream().toArray());
                program.run();
                return program.output("logits").toDoubles();
            }
        }
    }

    /** The reference to roundings of float64, the processor to those of float32 through two layers, relative to the largest logit. */
    @ParameterizedTest
    @CsvSource({"reference, 1e-9", "cpu, 1e-5"})
    void computesWhatGpt2Does(String name, double tolerance) {
        Map<String, HostArray> tensors = gpt2();
        LanguageModelWeights imported = LanguageModelWeights.read(write(tensors), TOKENS + 2, TOKENS, EOS, 1);
        assertEquals(LanguageModelConfig.GPT2.withVocabulary(TOKENS + 2, TOKENS, EOS).withSizes(WIDTH, LAYERS, HEADS, INNER, POSITIONS),
            imported.config());
        double[][] expected = new Gpt2InDoubles(tensors, WIDTH, HEADS, LAYERS).logits(TEXT);
        try (Device device = Device.open(name, 1)) {
            double[] actual = logits(device, imported);
            for (int t = 0; t < TEXT.length; t++) {
                double[] row = Arrays.copyOfRange(actual, t * (TOKENS + 2), t * (TOKENS + 2) + TOKENS);
                new Agreement().relative(expected[t], row, tolerance, "after token " + t);
            }
        }
    }

    @Test
    void addedTokensAreDrawnAndTheOthersKept() {
        Map<String, HostArray> tensors = gpt2();
        Path file = write(tensors);
        LanguageModelWeights one = LanguageModelWeights.read(file, TOKENS + 4, TOKENS, EOS, 1);
        LanguageModelWeights two = LanguageModelWeights.read(file, TOKENS + 4, TOKENS, EOS, 2);
        float[] table = one.tensors().get("tokens.weight").toFloats();
        assertArrayEquals(tensors.get("wte.weight").toFloats(), Arrays.copyOf(table, TOKENS * WIDTH));
        double square = 0;
        for (int i = TOKENS * WIDTH; i < table.length; i++) {
            square += (double) table[i] * table[i] / (4 * WIDTH);
        }
        // 512 numbers: the estimate's own error is 3 %
        assertEquals(0.02, Math.sqrt(square), 0.02 * 0.15);
        assertNotEquals(table[TOKENS * WIDTH], two.tensors().get("tokens.weight").get(TOKENS * WIDTH));
        assertTrue(one.origin().contains("model.safetensors") && one.origin().contains("4 tokens drawn from seed 1"), one.origin());
        LanguageModelWeights same = LanguageModelWeights.read(file, TOKENS, 0, EOS, 1);
        assertEquals(tensors.get("wte.weight").buffer(), same.tensors().get("tokens.weight").buffer());
    }

    /** With the prefix, masks of each layer and the output stored too, as other versions of the library write it. */
    @Test
    void otherFilesOfTheSameWeightsAreTheSame() {
        Map<String, HostArray> tensors = gpt2();
        LanguageModelWeights plain = LanguageModelWeights.read(write(tensors), TOKENS + 1, TOKENS, EOS, 1);
        Map<String, HostArray> whole = new LinkedHashMap<>();
        tensors.forEach((name, array) -> whole.put("transformer." + name, array));
        for (int l = 0; l < LAYERS; l++) {
            whole.put("transformer.h." + l + ".attn.bias", HostArray.allocate(DType.U8, Shape.of(1, 1, POSITIONS, POSITIONS)));
            whole.put("transformer.h." + l + ".attn.masked_bias", HostArray.allocate(DType.F32, Shape.of()));
        }
        whole.put("lm_head.weight", tensors.get("wte.weight"));
        LanguageModelWeights other = LanguageModelWeights.read(write(whole), TOKENS + 1, TOKENS, EOS, 1);
        assertEquals(plain.config(), other.config());
        assertEquals(plain.tensors().keySet(), other.tensors().keySet());
        plain.tensors().forEach((name, array) -> assertEquals(array.buffer(), other.tensors().get(name).buffer(), name));
    }

    @Test
    void randomWeightsAreThoseThatTrainingStartsWith() {
        LanguageModelConfig config = LanguageModelConfig.GPT2.withVocabulary(9, 8, 7).withSizes(8, 1, 2, 16, 5);
        LanguageModelWeights drawn = LanguageModelWeights.random(config, 3);
        Graph graph = new Graph();
        new LanguageModel(config).logits(Pass.eval(graph), graph.input("tokens", DType.I32, Shape.of(1, 2)), null);
        try (Device device = Device.open("cpu", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            assertEquals(weights.names(), drawn.tensors().keySet());
            drawn.tensors().forEach((name, array) -> assertArrayEquals(weights.get(name).toFloats(), array.toFloats(), name));
        }
    }

    @Test
    void whatIsWrittenIsReadAsTheSame() {
        Path file = write(gpt2());
        LanguageModelFile stored = LanguageModelFile.read(file);
        assertEquals(new LanguageModelFile.Sizes(TOKENS, WIDTH, POSITIONS, LAYERS, HEADS, INNER, 1e-5), stored.sizes());
        Path written = folder.resolve("written.safetensors");
        stored.write(written);
        LanguageModelWeights before = LanguageModelWeights.read(file, TOKENS + 2, TOKENS, EOS, 5);
        LanguageModelWeights after = LanguageModelWeights.read(written, TOKENS + 2, TOKENS, EOS, 5);
        assertEquals(before.config(), after.config());
        assertEquals(before.tensors().keySet(), after.tensors().keySet());
        before.tensors().forEach((name, array) -> assertEquals(array.buffer(), after.tensors().get(name).buffer(), name));
        assertEquals("imported from model.safetensors (GPT-2's names), 2 tokens drawn from seed 5", after.origin());
        assertThrows(KinemaException.class, () -> BackboneWeights.read(written));
    }

    /** Four heads of 32, which the weights alone do not say, and another epsilon. */
    @Test
    void settingsBesideTheWeightsCount() throws IOException {
        Map<String, HostArray> tensors = gpt2();
        Path file = write(tensors);
        settings("{\"model_type\": \"gpt2\", \"n_head\": 4, \"n_embd\": 128, \"n_layer\": 2, \"n_inner\": null, \"vocab_size\": 13, "
            + "\"activation_function\": \"gelu_new\", \"layer_norm_epsilon\": 0.25, \"summary_type\": \"cls_index\"}");
        LanguageModelWeights imported = LanguageModelWeights.read(file, TOKENS + 1, TOKENS, EOS, 1);
        assertEquals(4, imported.config().heads());
        assertEquals(0.25, imported.config().normEpsilon());
        try (Device device = Device.open("reference", 1)) {
            double[] actual = logits(device, imported);
            double[][] two = new Gpt2InDoubles(tensors, WIDTH, HEADS, LAYERS).logits(TEXT);
            assertNotEquals(two[5][0], actual[5 * (TOKENS + 1)], 1e-3);
        }
    }

    private void settings(String json) throws IOException {
        Files.writeString(folder.resolve("config.json"), json);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{\"n_layer\": 2} | config.json: n_head is missing",
        "{\"n_head\": \"4\"} | config.json: n_head is \"4\": it must be a whole number",
        "{\"n_head\": 2.5} | config.json: n_head is 2.5: it must be a whole number",
        "{\"n_head\": 3} | heads is 3, which does not divide width, 128",
        "{\"n_head\": 0} | heads is 0",
        "{\"n_head\": 2, \"n_layer\": 3} | has n_layer 2, and ",
        "{\"n_head\": 2, \"n_positions\": 1024} | has n_positions 10, and ",
        "{\"n_head\": 2, \"model_type\": \"opt\"} | config.json: model_type is 'opt': it must be gpt2",
        "{\"n_head\": 2, \"activation_function\": \"relu\"} | config.json: activation_function is 'relu'",
        "{\"n_head\": 2, \"scale_attn_by_inverse_layer_idx\": true} | scale_attn_by_inverse_layer_idx is true: in GPT-2 it is false",
        "{\"n_head\": 2, \"layer_norm_epsilon\": 0} | norm_epsilon is 0.0",
        "[] | config.json: lies beside the weights and is no JSON object",
        "{\"n_head\": | config.json: lies beside the weights and is no JSON"})
    void settingsOfOtherNetworksAreRefused(String json, String said) throws IOException {
        Path file = write(gpt2());
        settings(json);
        String message = assertThrows(KinemaException.class, () -> LanguageModelFile.read(file)).getMessage();
        assertTrue(message.contains(said) && message.startsWith(folder.toString()), message);
    }

    private void refused(Map<String, HostArray> tensors, String... parts) {
        Path file = write(tensors);
        String message = assertThrows(KinemaException.class,
            () -> LanguageModelWeights.read(file, TOKENS + 1, TOKENS, EOS, 1)).getMessage();
        assertTrue(message.startsWith(file + ": "), message);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void whatIsMissingOrOfAnotherShapeIsNamed() {
        for (String name : gpt2().keySet()) {
            Map<String, HostArray> without = gpt2();
            without.remove(name);
            refused(without, name, "missing");
        }
        Map<String, HostArray> tensors = gpt2();
        put(tensors, "h.1.attn.c_proj.weight", WIDTH, WIDTH + 1);
        put(tensors, "wpe.weight", POSITIONS, WIDTH / 2);
        put(tensors, "score.weight", 2, WIDTH);
        refused(tensors, "h.1.attn.c_proj.weight is [128, 129], expected [128, 128]", "wpe.weight is [10, 64], expected [10, 128]",
            "1 unexpected (score.weight)");
    }

    @Test
    void whatIsNoGpt2IsRefused() {
        Map<String, HostArray> untied = gpt2();
        put(untied, "lm_head.weight", TOKENS, WIDTH);
        refused(untied, "lm_head.weight is not its token table");
        Map<String, HostArray> narrow = gpt2();
        put(narrow, "wte.weight", TOKENS, 100);
        refused(narrow, "100 wide", "heads of 64");
        Map<String, HostArray> twice = gpt2();
        put(twice, "transformer.ln_f.bias", WIDTH);
        refused(twice, "ln_f.bias both with and without");
        Map<String, HostArray> whole = gpt2();
        whole.put("ln_f.bias", HostArray.allocate(DType.I64, Shape.of(WIDTH)));
        refused(whole, "ln_f.bias is I64");
        Map<String, HostArray> stray = gpt2();
        put(stray, "h.", 1);
        refused(stray, "12 missing (h.2.", "1 unexpected (h.)");
        Map<String, HostArray> larger = gpt2();
        put(larger, "wte.weight", TOKENS + 2, WIDTH);
        refused(larger, "has 15 tokens, more than the 14");
        refused(Map.of("wte.weight", HostArray.allocate(DType.F32, Shape.of(3))), "wte.weight is no matrix but F32 [3]");
    }
}
