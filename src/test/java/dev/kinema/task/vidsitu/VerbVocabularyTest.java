package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.PickleWriter;
import dev.kinema.checkpoint.PickleWriter.Call;
import dev.kinema.checkpoint.PickleWriter.Global;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerbVocabularyTest {
    private static final Global DICTIONARY = new Global("fairseq.data.dictionary", "Dictionary");

    @TempDir
    private Path folder;

    private static List<String> symbols(String... verbs) {
        List<String> symbols = new ArrayList<>(VerbVocabulary.SPECIALS);
        Collections.addAll(symbols, verbs);
        return symbols;
    }

    private static Annotation annotation(String... verbs) {
        return new Annotation(Clip.parse("v_a_seg_0_10"), List.of(verbs).stream()
            .map(verb -> new Event("", verb, List.of(), Optional.empty())).toList());
    }

    private Path pickle(Object value) throws IOException {
        return Files.write(folder.resolve("verb_id_vocab.pkl"), PickleWriter.pickle(value));
    }

    private static Map<String, Object> state(List<String> symbols) {
        Map<String, Integer> indices = new LinkedHashMap<>();
        symbols.forEach(symbol -> indices.put(symbol, indices.size()));
        Map<String, Object> state = new HashMap<>();
        state.put("unk_word", "<unk>");
        state.put("symbols", symbols);
        state.put("count", IntStream.range(0, symbols.size()).boxed().toList());
        state.put("indices", indices);
        state.put("nspecial", 4);
        return state;
    }

    private VerbVocabulary readPickle(Object state) throws IOException {
        return VerbVocabulary.readPickle(pickle(new Call(DICTIONARY, List.of(), state)));
    }

    @Test
    void frequentVerbsComeFirstAndThenTheAlphabetDecides() {
        List<Annotation> annotations = new ArrayList<>(List.of(annotation("run.02", "walk.01", "yap.01", "look.01", "walk.01"),
            annotation("look.01", "walk.01", "b.01", "a.01", "B.01")));
        VerbVocabulary vocabulary = VerbVocabulary.of(annotations);
        assertEquals(symbols("walk.01", "look.01", "B.01", "a.01", "b.01", "run.02", "yap.01"), vocabulary.symbols());
        assertEquals(List.of(4, 10, 3, 1), List.of(vocabulary.index("walk.01"), vocabulary.index("yap.01"), vocabulary.index("new.01"),
            vocabulary.index("<pad>")));
        assertEquals(11, vocabulary.size());
        assertFalse(vocabulary.contains("new.01"));
        Collections.reverse(annotations);
        assertEquals(vocabulary.symbols(), VerbVocabulary.of(annotations).symbols());
        assertThrows(KinemaException.class, () -> VerbVocabulary.of(List.of()));
    }

    @Test
    void jsonKeepsIt() throws IOException {
        VerbVocabulary vocabulary = VerbVocabulary.of(List.of(annotation("a.01", "\u00e9.02", "'\"\\.01", "d.01", "e.01")));
        Path file = folder.resolve("verbs.json");
        vocabulary.write(file);
        assertEquals(vocabulary.symbols(), VerbVocabulary.read(file).symbols());
        for (String bad : List.of("[]", "[\"<s>\",\"<pad>\",\"</s>\",\"<unk>\"]", "[\"a.01\"]", "{}", "[1]",
                Files.readString(file).replace("d.01", "e.01"))) {
            Files.writeString(file, bad);
            String message = assertThrows(KinemaException.class, () -> VerbVocabulary.read(file)).getMessage();
            assertTrue(message.startsWith(file.toString()), message);
        }
    }

    @Test
    void theReleasesPickleIsReadAsData() throws IOException {
        List<String> symbols = symbols("speak.01", "talk.01", "walk.01");
        VerbVocabulary vocabulary = readPickle(state(symbols));
        assertEquals(symbols, vocabulary.symbols());
        assertEquals(5, vocabulary.index("talk.01"));
    }

    /** 4 verbs, 11 roles with two markers each, the separator and padding, after GPT-2's tokens. */
    @Test
    void tokensFollowThoseOfGpt2() {
        VerbVocabulary verbs = VerbVocabulary.of(List.of(annotation("a.01", "b.01", "a.01", "c.01", "d.01")));
        AddedTokens tokens = AddedTokens.of(verbs);
        assertEquals(50257 + 4 + 22 + 2, tokens.size());
        assertEquals(50257, tokens.id("a.01").orElseThrow());
        assertEquals(50261, tokens.id("<Arg0>").orElseThrow());
        assertEquals(50262, tokens.id("</Arg0>").orElseThrow());
        assertTrue(tokens.id("<Arg5>").isEmpty() && tokens.id("<unk>").isEmpty() && tokens.id("<AScn>").isPresent());
        Path file = folder.resolve("tokens.json");
        tokens.write(file);
        assertEquals(tokens.tokens(), AddedTokens.read(file).tokens());
        assertThrows(KinemaException.class, () -> AddedTokens.read(folder.resolve("none")));
    }

    @Test
    void otherPicklesAreRefused() throws IOException {
        Map<String, Object> shifted = state(symbols("speak.01", "talk.01"));
        shifted.put("indices", state(symbols("talk.01", "speak.01")).get("indices"));
        Map<String, Object> fewer = state(symbols("speak.01", "talk.01"));
        fewer.put("indices", Map.of("<s>", 0));
        Map<String, Object> numbers = state(symbols("speak.01"));
        numbers.put("symbols", List.of(1, 2));
        for (Object state : new Object[] {shifted, fewer, numbers, Map.of(), state(List.of("walk.01")), List.of(), null}) {
            assertThrows(KinemaException.class, () -> readPickle(state), () -> state + "");
        }
        for (Object other : new Object[] {"text", List.of(), state(symbols("a.01")),
                new Call(new Global("os", "system"), List.of("true"), null)}) {
            Path file = pickle(other);
            String message = assertThrows(KinemaException.class, () -> VerbVocabulary.readPickle(file)).getMessage();
            assertTrue(message.startsWith(file.toString()), message);
        }
    }
}
