package dev.kinema.task.vidsitu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.kinema.KinemaException;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.Philox;
import dev.kinema.task.vidsitu.RoleTokenizer.Spaces;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RoleTokenizerTest {
    static final RoleTokenizer TOKENIZER = tokenizer("open.01", "rewind.01", "speak.01", "walk.01");

    /** With verbs that stand in this order, which is that of the alphabet: the first, which fills up the annotation, is most frequent. */
    static RoleTokenizer tokenizer(String... verbs) {
        return new RoleTokenizer(AddedTokens.of(vocabulary(verbs)));
    }

    private static VerbVocabulary vocabulary(String... verbs) {
        List<Annotation> annotations = new ArrayList<>();
        for (int i = 0; i < verbs.length; i += Clip.EVENTS) {
            int first = i;
            annotations.add(new Annotation(Clip.parse("v_a_seg_0_10"), IntStream.range(0, Clip.EVENTS)
                .mapToObj(j -> new Event("", verbs[first + j < verbs.length ? first + j : 0], List.of(), Optional.empty())).toList()));
        }
        return VerbVocabulary.of(annotations);
    }

    private static int id(String token) {
        int[] ids = TOKENIZER.encode(token);
        assertEquals(1, ids.length, token);
        return ids[0];
    }

    private static void assertComesBack(RoleTokenizer tokenizer, String text) {
        assertEquals(text, tokenizer.decode(tokenizer.encode(text), Spaces.KEPT));
    }

    @Test
    void idsAreGpt2s() {
        assertArrayEquals(new int[] {15496, 995}, TOKENIZER.encode("Hello world"));
        assertArrayEquals(new int[] {262}, TOKENIZER.encode(" the"));
        assertArrayEquals(new int[] {464, 2068, 7586, 21831, 18045, 625, 262, 16931, 3290},
            TOKENIZER.encode("The quick brown fox jumps over the lazy dog"));
        assertArrayEquals(new int[] {0}, TOKENIZER.encode("!"));
        assertArrayEquals(new int[] {220}, TOKENIZER.encode(" "));
        assertArrayEquals(new int[] {198}, TOKENIZER.encode("\n"));
        assertArrayEquals(new int[] {50256}, TOKENIZER.encode("<|endoftext|>"));
        assertArrayEquals(new int[0], TOKENIZER.encode(""));
    }

    @Test
    void idsAreThoseOfTheTokenizersLibrary() {
        JsonObject golden = GoldenFile.json("gpt2-tokens.json");
        String[] verbs = golden.getAsJsonArray("verbs").asList().stream().map(JsonElement::getAsString).toArray(String[]::new);
        RoleTokenizer tokenizer = tokenizer(verbs);
        for (JsonElement element : golden.getAsJsonArray("cases")) {
            String text = element.getAsJsonObject().get("text").getAsString();
            int[] ids = element.getAsJsonObject().getAsJsonArray("ids").asList().stream().mapToInt(JsonElement::getAsInt).toArray();
            assertArrayEquals(ids, tokenizer.encode(text), () -> Quoted.of(text));
            assertEquals(text.replace("<|endoftext|>", "").replace("<pad>", ""), tokenizer.decode(ids, Spaces.KEPT));
        }
        assertTrue(golden.getAsJsonArray("cases").size() > 40);
    }

    /** The special token is one only where it is asked for as such: beneath, its letters are text as any other. */
    @Test
    void byteLevelHasNoSpecialTokens() {
        assertArrayEquals(new int[] {27, 91, 437, 1659, 5239, 91, 29}, ByteLevelBpe.encode("<|endoftext|>"));
    }

    /** Another way to the same tokens: in a word, merge the neighbours of the lowest number, first come first, until none are a token. */
    @Test
    void wordsAreMergedByRank() {
        Map<String, Integer> ranks = new HashMap<>();
        for (int token = 0; token < AddedTokens.END; token++) {
            ranks.put(new String(ByteLevelBpe.bytes(token), StandardCharsets.ISO_8859_1), token);
        }
        assertEquals(AddedTokens.END, ranks.size());
        Philox random = new Philox(3, 0, 0);
        String letters = "etaoinshrdlucmfwypvbgkjqxzETAQé中ю";
        for (int word = 0; word < 300; word++) {
            StringBuilder text = new StringBuilder(random.uniform(word * 100L) < 0.5 ? " " : "");
            for (int i = 0; i < 1 + word % 40; i++) {
                double u = random.uniform(word * 100L + i + 1);
                text.append(letters.charAt((int) (u * u * letters.length())));
            }
            List<String> parts = new ArrayList<>();
            for (byte b : text.toString().getBytes(StandardCharsets.UTF_8)) {
                parts.add(String.valueOf((char) (b & 0xff)));
            }
            while (mergedOnce(parts, ranks)) {
                continue;
            }
            assertArrayEquals(parts.stream().mapToInt(ranks::get).toArray(), TOKENIZER.encode(text.toString()), text::toString);
        }
    }

    private static boolean mergedOnce(List<String> parts, Map<String, Integer> ranks) {
        int best = -1;
        int rank = Integer.MAX_VALUE;
        for (int i = 0; i + 1 < parts.size(); i++) {
            int here = ranks.getOrDefault(parts.get(i) + parts.get(i + 1), Integer.MAX_VALUE);
            if (here < rank) {
                rank = here;
                best = i;
            }
        }
        if (best >= 0) {
            parts.set(best, parts.get(best) + parts.remove(best + 1));
        }
        return best >= 0;
    }

    @Test
    void everyCharacterComesBack() {
        StringBuilder chunk = new StringBuilder();
        int seen = 0;
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            boolean half = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
            // all that people type, and samples of the planes above
            if (!half && (c < 0x3000 || c % 41 == 0 || (c & 0xffff) > 0xfff0)) {
                chunk.appendCodePoint(c);
                seen++;
            }
            if (chunk.length() >= 2000 || c == Character.MAX_CODE_POINT) {
                assertComesBack(TOKENIZER, chunk.toString());
                chunk.setLength(0);
            }
        }
        assertTrue(seen > 35_000, "characters seen: " + seen);
    }

    @Test
    void textsInAnyMixtureComeBackAndSayTheirBytes() {
        String[] pieces = {"man", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2003", "\u3000", "\u0000", "\u001c", "\u0085", "'s", " 's",
            "don't", ",", "é", "e\u0301", "北京", "\uD83D\uDE00", "\uD83D\uDC68\u200D\uD83D\uDC69", "<Arg0>", "</Arg0>", "<Arg", "walk.01",
            "123", "٣", "<pad", "\uFEFF", "\uFFFD", "\uDBFF\uDFFF", "नी"};
        Philox random = new Philox(5, 0, 0);
        for (int i = 0; i < 3000; i++) {
            StringBuilder text = new StringBuilder();
            for (int j = 0; j < i % 13; j++) {
                text.append(pieces[(int) (random.uniform(i * 16L + j) * pieces.length)]);
            }
            assertComesBack(TOKENIZER, text.toString());
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int token : ByteLevelBpe.encode(text.toString())) {
                bytes.writeBytes(ByteLevelBpe.bytes(token));
            }
            assertArrayEquals(text.toString().getBytes(StandardCharsets.UTF_8), bytes.toByteArray());
        }
    }

    @Test
    void halfASurrogatePairIsRefused() {
        for (String text : List.of("ab\uD83D", "\uDE00 man", "a\uD83Db", "\uDE00\uD83D", "\uD83D\uD83D\uDE00")) {
            KinemaException e = assertThrows(KinemaException.class, () -> TOKENIZER.encode(text));
            assertTrue(e.getMessage().contains("at character " + text.replaceAll("[\uD800-\uDFFF].*", "").length()), e.getMessage());
        }
        assertThrows(KinemaException.class, () -> tokenizer("walk\uD83D.01"));
    }

    @Test
    void addedTokensPartTheText() {
        assertArrayEquals(new int[] {id("walk.01"), 220, id("<Arg0>"), 582, 220, id("<AScn>"), 3952},
            TOKENIZER.encode("walk.01 <Arg0> man <AScn> park"));
        assertArrayEquals(new int[] {id("<Arg0>"), 805, id("</Arg0>")}, TOKENIZER.encode("<Arg0>man</Arg0>"));
        assertEquals(AddedTokens.FIRST, id("open.01"));
        assertEquals(AddedTokens.FIRST + 3, id("walk.01"));
        assertEquals(TOKENIZER.padding(), id("<pad>"));
        assertEquals(TOKENIZER.size() - 1, TOKENIZER.padding());
        assertEquals(AddedTokens.FIRST + 4 + 22 + 2, TOKENIZER.size());
        assertEquals(TOKENIZER.end(), id("<|endoftext|>"));
    }

    @Test
    void verbsNotAddedBecomePieces() {
        assertArrayEquals(new int[] {id("walk.01")}, TOKENIZER.encodeVerb("walk.01"));
        int[] pieces = TOKENIZER.encodeVerb("zap.01");
        assertTrue(pieces.length > 1 && Arrays.stream(pieces).allMatch(id -> id < AddedTokens.END), Arrays.toString(pieces));
        assertEquals("zap.01", TOKENIZER.decode(pieces, Spaces.KEPT));
        // a verb inside of another one is found, as in the library
        int[] inside = TOKENIZER.encodeVerb("sleepwalk.01");
        assertEquals(id("walk.01"), inside[inside.length - 1]);
        assertThrows(IllegalArgumentException.class, () -> TOKENIZER.encodeVerb(""));
    }

    @Test
    void endAndPaddingAreNotDecoded() {
        int end = TOKENIZER.end();
        int pad = TOKENIZER.padding();
        assertEquals("Hello world", TOKENIZER.decode(new int[] {end, 15496, end, 995, end, pad, pad}, Spaces.KEPT));
        assertEquals("", TOKENIZER.decode(new int[] {pad, end}, Spaces.CLEANED_UP));
        assertThrows(IllegalArgumentException.class, () -> TOKENIZER.decode(new int[] {TOKENIZER.size()}, Spaces.KEPT));
        assertThrows(IllegalArgumentException.class, () -> TOKENIZER.decode(new int[] {-1}, Spaces.KEPT));
    }

    /** A model may write half a character: it becomes the replacement character, and what follows stays whole. */
    @Test
    void bytesThatAreNoTextAreReplaced() {
        int[] smile = TOKENIZER.encode("\uD83D\uDE00");
        assertEquals(2, smile.length);
        assertEquals("\uFFFDman", TOKENIZER.decode(new int[] {smile[0], 805}, Spaces.KEPT));
        assertEquals("\uFFFD", TOKENIZER.decode(new int[] {smile[1]}, Spaces.KEPT));
    }

    @Test
    void spacesAreCleanedUpOnlyWhereAskedFor() {
        String text = "he 's here , is n't he ? I 'm ! they 've , you 're ' so ' . go 'll";
        int[] ids = TOKENIZER.encode(text);
        assertEquals(text, TOKENIZER.decode(ids, Spaces.KEPT));
        assertEquals("he's here, isn't he? I'm! they've, you're'so '. go 'll", TOKENIZER.decode(ids, Spaces.CLEANED_UP));
        assertEquals("a  b.", TOKENIZER.decode(TOKENIZER.encode("a  b ."), Spaces.CLEANED_UP));
    }

    /** Takes about one second where nothing else runs, with as many verbs as the release has. */
    @Test
    void hundredThousandTextsTakeSeconds() {
        RoleTokenizer tokenizer = tokenizer(IntStream.range(0, 1556).mapToObj(i -> "manner" + i + ".01").toArray(String[]::new));
        assertTimeout(Duration.ofSeconds(20), () -> {
            long count = 0;
            for (int i = 0; i < 100_000; i++) {
                count += tokenizer.encode(" <Arg0> man number " + i + " in white <AScn> park").length;
            }
            assertTrue(count > 1_000_000, "tokens: " + count);
        });
    }

    /** Time grows with length, not with its square. */
    @Test
    void longTextsAreTakenAsWell() {
        assertTimeout(Duration.ofSeconds(20), () -> {
            for (String text : List.of("x".repeat(50_000), " ".repeat(100_000) + "x", "<Arg0>".repeat(20_000), "<Arg".repeat(20_000))) {
                assertComesBack(TOKENIZER, text);
            }
        });
    }
}
