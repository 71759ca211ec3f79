package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** ROUGE-L and BLEU. */
class CaptionsTest {
    /** Examples are worked to six digits. */
    private static final double WORKED = 5e-7;
    private static final double ROUNDING = 1e-12;

    private static double rouge(String candidate, String... references) {
        return RougeL.of(List.of(new Captions.Item(candidate, List.of(references)))).mean();
    }

    private static double[] bleu(String candidate, String... references) {
        return Bleu.of(List.of(new Captions.Item(candidate, List.of(references))));
    }

    @Test
    void rougeOfWorkedExamples() {
        assertEquals(0.829932, rouge("police car chases the red car", "a car chases car", "police chases the car"), WORKED);
        assertEquals(1, rouge("the tall man", "man", "the very tall old man in black"), WORKED);
        // P = 1/1, R = 1/2
        assertEquals(2.44 * 0.5 / (0.5 + 1.44), rouge("man", "man runs"), ROUNDING);
    }

    @Test
    void rougePartsAtSingleSpaces() {
        assertEquals(1, rouge("", ""), "one empty token each");
        assertEquals(0, rouge("", "man"));
        assertEquals(0, rouge("a b", "a\u00a0b"), "a no-break space parts nothing");
        assertEquals(0, rouge("a b", "a\tb"));
        // tokens a, empty, b against a, b: m = 2, P = 2/3, R = 1
        assertEquals(2.44 * (2 / 3.0) / (1 + 1.44 * 2 / 3.0), rouge("a  b", "a b"), ROUNDING);
        // tokens a, empty against a: P = 1/2, R = 1, while words alone are the same
        assertEquals(2.44 * 0.5 / (1 + 1.44 * 0.5), rouge("a ", "a"), ROUNDING);
    }

    @Test
    void bleuOfAPerfectTextIsOne() {
        // what is added keeps it from being exactly 1
        assertArrayEquals(new double[] {1, 1, 1, 1}, bleu("a man in white", "no", "a man in white"), 1e-8);
    }

    @Test
    void bleuCountsClipsAndPunishesShortness() {
        // two of three words right, the other clipped; no pair right
        double[] scores = bleu("the the man", "man the dog");
        assertEquals(2 / 3.0, scores[0], 1e-8);
        assertEquals(0, scores[1], 1e-6);
        // two words where the closest reference has three: exp(1 - 3/2); three and one are as close to two, so one is taken
        assertEquals(Math.exp(-0.5), bleu("red car", "red car runs", "a very long red car")[0], 1e-8);
        assertEquals(1, bleu("red car", "red car runs", "car")[0], 1e-8);
        assertEquals(1, bleu("red\u00a0car", "red car")[1], 1e-8, "words are parted as in CIDEr");
        assertEquals(0, bleu("", "man")[0], 1e-8);
    }

    @Test
    void orderChangesNothingAndBoundsHold() {
        for (int seed = 0; seed < 10; seed++) {
            List<Captions.Item> items = RandomTexts.items(3 + 5 * seed, 300 + seed);
            List<Captions.Item> turned = new ArrayList<>();
            for (Captions.Item item : items) {
                List<String> references = new ArrayList<>(item.references());
                Collections.reverse(references);
                turned.add(0, new Captions.Item(item.candidate(), references));
            }
            assertEquals(RougeL.of(items).mean(), RougeL.of(turned).mean(), ROUNDING);
            assertArrayEquals(Bleu.of(items), Bleu.of(turned), ROUNDING);
            for (double score : RougeL.of(items).items()) {
                assertTrue(score >= 0 && score <= 1 + ROUNDING, () -> "ROUGE-L " + score);
            }
            for (double score : Bleu.of(items)) {
                assertTrue(score >= 0 && score <= 1, () -> "BLEU " + score);
            }
        }
    }

    @Test
    void perfectTextsHaveFullRouge() {
        List<Captions.Item> perfect = RandomTexts.items(30, 4).stream()
            .map(item -> new Captions.Item(item.references().get(1), item.references())).toList();
        assertEquals(1, RougeL.of(perfect).mean(), ROUNDING);
        assertThrows(IllegalArgumentException.class, () -> RougeL.of(List.of()));
        assertThrows(IllegalArgumentException.class, () -> Bleu.of(List.of()));
    }
}
