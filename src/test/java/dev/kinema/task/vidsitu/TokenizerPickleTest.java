package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleWriter;
import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pickles built as transformers 3.3.1 and tokenizers 0.8.1 build them: the release's own is not here. */
class TokenizerPickleTest {
    private static final Global FAST = new Global("transformers.tokenization_gpt2", "GPT2TokenizerFast");
    private static final Global SLOW = new Global("transformers.tokenization_gpt2", "GPT2Tokenizer");
    private static final Global WRAPPER = new Global("tokenizers.implementations.byte_level_bpe", "ByteLevelBPETokenizer");
    private static final Global BACKEND = new Global("tokenizers", "Tokenizer");
    private static final Global MODEL = new Global("tokenizers.models", "Model");
    private static final Global TOKEN = new Global("tokenizers", "AddedToken");
    private static final List<String> TOKENS = List.of("speak.01", "walk.01", "<Arg0>", "</Arg0>", "<EV_SEP>", "[PAD]");

    @TempDir
    private Path folder;

    private static String token(int id, String content, boolean special) {
        return "{\"id\":" + id + ",\"special\":" + special + ",\"content\":\"" + content + "\",\"single_word\":false,\"lstrip\":false}";
    }

    private static String listed(List<String> tokens, int first) {
        return IntStream.range(0, tokens.size()).mapToObj(i -> token(first + i, tokens.get(i), false)).collect(Collectors.joining(","));
    }

    private static String vocabulary(int size) {
        return IntStream.range(0, size).mapToObj(i -> "\"t" + i + "\":" + i).collect(Collectors.joining(",", "{", "}"));
    }

    private static String json(String added) {
        return "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[" + added + "],\"normalizer\":null,"
            + "\"decoder\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"dropout\":null,\"merges\":[\"\u0120 t\"]}}";
    }

    private static String standard() {
        return json(token(AddedTokens.END, "<|endoftext|>", true) + "," + listed(TOKENS, AddedTokens.FIRST));
    }

    private static Call backend(Object state) {
        return new Call(BACKEND, List.of(new Call(MODEL, List.of(), "{}".getBytes(StandardCharsets.UTF_8))), state);
    }

    private static Call fast(Object state, Object padding) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("_tokenizer", new Call(WRAPPER, List.of(),
            Map.of("_tokenizer", backend(state), "_parameters", Map.of("dropout", 0))));
        attributes.put("_eos_token", "<|endoftext|>");
        attributes.put("_pad_token", padding);
        attributes.put("init_kwargs", Map.of("vocab_file", "vocab.json"));
        return new Call(FAST, List.of(), attributes);
    }

    private static Call fast(String state) {
        return fast(state.getBytes(StandardCharsets.UTF_8), "[PAD]");
    }

    private Path pickle(Object value) throws IOException {
        return Files.write(folder.resolve("tokenizer.pkl"), PickleWriter.pickle(value));
    }

    private AddedTokens read(Object value) throws IOException {
        return AddedTokens.readPickle(pickle(value));
    }

    private void refused(Object value, String... parts) throws IOException {
        Path file = pickle(value);
        String message = assertThrows(KinemaException.class, () -> AddedTokens.readPickle(file)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.lines().count() == 1, message);
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
    }

    @Test
    void theBackendsStateHasTheTokens() throws IOException {
        AddedTokens tokens = read(fast(standard()));
        assertEquals(TOKENS, tokens.tokens());
        assertEquals("[PAD]", tokens.padding());
        assertEquals(AddedTokens.FIRST + 5, tokens.paddingId());
        assertEquals(AddedTokens.FIRST + 1, tokens.id("walk.01").orElseThrow());
        byte[] state = standard().getBytes(StandardCharsets.UTF_8);
        // version 4 has no wrapper, and padding may be a token object
        Map<String, Object> attributes = Map.of("_tokenizer", backend(state), "_pad_token",
            new Call(TOKEN, List.of(), Map.of("content", "[PAD]", "lstrip", false)));
        assertEquals(TOKENS, read(new Call(new Global("transformers.models.gpt2.tokenization_gpt2_fast", "GPT2TokenizerFast"), List.of(),
            attributes)).tokens());
    }

    @Test
    void aDictionaryHasThemToo() throws IOException {
        Map<String, Object> encoder = new LinkedHashMap<>();
        encoder.put("<pad>", AddedTokens.FIRST + 1);
        encoder.put("walk.01", AddedTokens.FIRST);
        AddedTokens tokens = read(new Call(SLOW, List.of(), Map.of("added_tokens_encoder", encoder)));
        assertEquals(List.of("walk.01", "<pad>"), tokens.tokens());
        assertEquals(AddedTokens.PADDING, tokens.padding());
        encoder.put("far", AddedTokens.FIRST + 3);
        refused(new Call(SLOW, List.of(), Map.of("added_tokens_encoder", encoder)), "'far'", "no token has 50259");
        encoder.put("far", "text");
        refused(new Call(SLOW, List.of(), Map.of("added_tokens_encoder", encoder)), "added_tokens_encoder");
        refused(new Call(SLOW, List.of(), Map.of()), "neither");
    }

    @Test
    void jsonKeepsThePadding() throws IOException {
        AddedTokens tokens = read(fast(standard()));
        Path file = folder.resolve("tokens.json");
        tokens.write(file);
        AddedTokens again = AddedTokens.read(file);
        assertEquals(TOKENS, again.tokens());
        assertEquals("[PAD]", again.padding());
        String text = Files.readString(file);
        for (String bad : List.of(text.replace("\"padding\"", "\"pad\""), text.replaceFirst("\\{", "{\"a\": 1,"),
                text.replace("}", "}, {\"padding\": \"[PAD]\"}"), text.replace("\"padding\": \"[PAD]\"", "\"padding\": \"<pad>\""),
                text.replace("\"walk.01\"", "[\"walk.01\"]"), text.replace("\"padding\": \"[PAD]\"", "\"padding\": 1"))) {
            Files.writeString(file, bad);
            assertTrue(assertThrows(KinemaException.class, () -> AddedTokens.read(file)).getMessage().startsWith(file.toString()), bad);
        }
    }

    /** Padding in its own spelling is found in text and left out of it, and the usual spelling is then but text. */
    @Test
    void theTokenizerPadsByThatToken() throws IOException {
        RoleTokenizer tokenizer = new RoleTokenizer(read(fast(standard())));
        assertEquals(AddedTokens.FIRST + 5, tokenizer.padding());
        assertEquals(AddedTokens.FIRST + 6, tokenizer.size());
        assertArrayEquals(new int[] {AddedTokens.FIRST, AddedTokens.FIRST + 5}, tokenizer.encode("speak.01[PAD]"));
        assertEquals("walk.01", tokenizer.decode(new int[] {AddedTokens.FIRST + 1, AddedTokens.FIRST + 5}, RoleTokenizer.Spaces.KEPT));
        assertTrue(tokenizer.encode("<pad>").length > 1);
    }

    @Test
    void numbersFollowThoseOfGpt2() throws IOException {
        refused(fast(json(listed(TOKENS, AddedTokens.FIRST + 1))), "'speak.01'", "50258", "no token has 50257");
        refused(fast(json(listed(TOKENS, AddedTokens.FIRST) + "," + token(12, "-", false))), "'-'", "12", "GPT-2's own");
        refused(fast(json(listed(TOKENS, AddedTokens.FIRST) + "," + token(AddedTokens.FIRST + 1, "twice", false))), "50258", "'walk.01'");
        refused(fast(json(listed(List.of("a.01", "b.01", "a.01", "[PAD]"), AddedTokens.FIRST))), "'a.01'");
        refused(fast(json(listed(List.of("a.01"), AddedTokens.FIRST))), "[PAD]", "padding");
        refused(fast(standard().getBytes(StandardCharsets.UTF_8), "<|endoftext|>"), "padding");
        refused(fast(standard().getBytes(StandardCharsets.UTF_8), null), "<pad>");
        refused(fast(standard().getBytes(StandardCharsets.UTF_8), 3), "_pad_token");
    }

    @Test
    void vocabulariesOfOtherSizesAreRefused() throws IOException {
        String gpt2 = standard().replace("\"merges\"", "\"vocab\":" + vocabulary(AddedTokens.FIRST) + ",\"merges\"");
        assertEquals(TOKENS, read(fast(gpt2)).tokens());
        refused(fast(standard().replace("\"merges\"", "\"vocab\":" + vocabulary(300) + ",\"merges\"")), "300 tokens of its own");
    }

    @Test
    void otherStatesAreRefused() throws IOException {
        String good = standard();
        for (String bad : List.of("", "[]", "{}", good.substring(0, good.length() - 1), good + "x", good + "{}",
                good.replace("50258", "1.5"),
                good.replace("\"content\":\"walk.01\"", "\"content\":null"), good.replace("\"id\":50258,", ""),
                good.replace("\"normalizer\"", "\"added_tokens\":[],\"normalizer\""))) {
            refused(fast(bad), "tokenizer");
        }
        refused(fast(new byte[] {'{', '"', (byte) 0xff, '"', ':', '1', '}'}, "[PAD]"), "not the JSON");
        refused(fast("text", "[PAD]"), "state of bytes");
        refused(new Call(FAST, List.of(), Map.of("_tokenizer", List.of())), "tokenizers.Tokenizer");
        for (Object other : new Object[] {"text", List.of(), backend(standard().getBytes(StandardCharsets.UTF_8))}) {
            refused(other, "no GPT-2 tokenizer");
        }
        refused(new Call(new Global("os", "system"), List.of("true"), null), "os.system");
    }

    @Test
    void filesAreToldApart() throws IOException {
        assertEquals(ReleasedVocabulary.TOKENS, ReleasedVocabulary.of(pickle(fast(standard()))));
        assertEquals(ReleasedVocabulary.VERBS, ReleasedVocabulary.of(pickle(new Call(new Global("fairseq.data.dictionary", "Dictionary"),
            List.of(), Map.of()))));
        Path other = pickle(new Call(new Global("os", "system"), List.of("true"), null));
        assertThrows(KinemaException.class, () -> ReleasedVocabulary.of(other));
    }

    @Test
    void aDatasetTakesJsonThenThePickleThenItsVerbs() throws IOException {
        VidSituDataset dataset = new TinyFiles(folder.resolve("data")).open();
        List<String> made = dataset.tokens().tokens();
        assertEquals(AddedTokens.of(dataset.verbs()).tokens(), made);
        Files.createDirectories(dataset.layout().pickledTokens().getParent());
        Files.write(dataset.layout().pickledTokens(), PickleWriter.pickle(fast(standard())));
        assertEquals(TOKENS, dataset.tokens().tokens());
        List<String> other = new ArrayList<>(TOKENS);
        other.set(5, "<pad>");
        AddedTokens.of("test", other, "<pad>").write(dataset.layout().tokens());
        assertEquals(other, dataset.tokens().tokens());
        Files.writeString(dataset.layout().tokens(), "[]");
        assertThrows(KinemaException.class, dataset::tokens);
    }
}
