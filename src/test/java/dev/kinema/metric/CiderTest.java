package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CiderTest {
    /** Examples are worked to six digits. */
    private static final double WORKED = 5e-7;
    /** Sums in another order differ by rounding only. */
    private static final double ROUNDING = 1e-12;

    private static Captions.Item item(String candidate, String... references) {
        return new Captions.Item(candidate, List.of(references));
    }

    private static Captions.Scores d(Captions.Item... items) {
        return Cider.of(Cider.Variant.D, List.of(items));
    }

    @Test
    void workedExamples() {
        List<Captions.Item> a =
            List.of(item("man in white", "man in white shirt"), item("the red car", "red car"), item("door", "the door"));
        assertArrayEquals(new double[] {5.891672, 3.756471, 1.743384}, Cider.of(Cider.Variant.D, a).items(), WORKED);
        assertEquals(3.797176, Cider.of(Cider.Variant.D, a).mean(), WORKED);
        assertArrayEquals(new double[] {5.974072, 3.809008, 1.767767}, Cider.of(Cider.Variant.PLAIN, a).items(), WORKED);
        assertEquals(3.850282, Cider.of(Cider.Variant.PLAIN, a).mean(), WORKED);

        List<Captions.Item> b = List.of(item("man man man", "man runs"), item("car", "car"));
        assertArrayEquals(new double[] {0.581128, 2.5}, Cider.of(Cider.Variant.D, b).items(), WORKED, "clipped");
        assertEquals(1.767767, Cider.of(Cider.Variant.PLAIN, b).items()[0], WORKED);

        assertEquals(3.125, d(item("tall man", "tall man", "a man"), item("car", "car")).items()[0], WORKED, "two references");
    }

    @Test
    void perfectTextsOfFewWordsStayBelowTen() {
        double[] scores = d(item("a", "a"), item("b c", "b c"), item("d e f", "d e f"), item("g h i j", "g h i j"),
            item("k l m n o", "k l m n o")).items();
        assertArrayEquals(new double[] {2.5, 5, 7.5, 10, 10}, scores, ROUNDING);
    }

    @Test
    void nothingToTellScoresZero() {
        assertArrayEquals(new double[] {0}, d(item("a man", "a man")).items(), "a single item: ln 1 = 0");
        assertArrayEquals(new double[] {0, 0}, d(item("", ""), item("a", "")).items(), "no reference says anything");
        assertEquals(0, d(item("", "man"), item("car", "car")).items()[0], "an empty candidate");
        assertEquals(0, d(item("Man", "man"), item("car.", "car")).mean(), "case and punctuation are kept");
        assertArrayEquals(new double[] {0, 0}, d(item("the", "the man"), item("the", "the car")).items(), "what all references say");
    }

    /** What Python's str.split() parts at; in Java's \s the no-break space, the separators 1C to 1F and others are missing. */
    @Test
    void wordsArePartedAsPythonPartsThem() {
        List<String> spaces = new ArrayList<>();
        for (int c = 0; c <= Character.MAX_VALUE; c++) {
            if (Words.of("a" + (char) c + "b").size() == 2) {
                spaces.add(Integer.toHexString(c));
            }
        }
        assertEquals(List.of("9", "a", "b", "c", "d", "1c", "1d", "1e", "1f", "20", "85", "a0", "1680", "2000", "2001", "2002", "2003",
            "2004", "2005", "2006", "2007", "2008", "2009", "200a", "2028", "2029", "202f", "205f", "3000"), spaces);
        assertEquals(List.of("a", "b\u200b\u00e9", "\ud83d\ude00"), Words.of(" \u00a0a\u001c\t b\u200b\u00e9 \n\ud83d\ude00\u2003"));
        assertEquals(List.of(), Words.of(" \u3000"));
        Captions.Item car = item("car", "car");
        assertArrayEquals(d(item("red man runs", "red man"), car).items(),
            d(item("\u00a0red\u001fman \u2009 runs ", "red\u0085man"), car).items());
    }

    @Test
    void orderOfItemsAndReferencesChangesNothing() {
        List<Captions.Item> items = RandomTexts.items(60, 1);
        List<Captions.Item> turned = new ArrayList<>();
        for (Captions.Item item : items) {
            List<String> references = new ArrayList<>(item.references());
            Collections.reverse(references);
            turned.add(0, new Captions.Item(item.candidate(), references));
        }
        for (Cider.Variant variant : Cider.Variant.values()) {
            Captions.Scores scores = Cider.of(variant, items);
            Captions.Scores others = Cider.of(variant, turned);
            assertEquals(scores.mean(), others.mean(), ROUNDING);
            for (int i = 0; i < items.size(); i++) {
                assertEquals(scores.items()[i], others.items()[items.size() - 1 - i], ROUNDING);
            }
            assertTrue(scores.mean() > 0.5, "the texts have something in common: " + scores.mean());
        }
    }

    @Test
    void scoresLieBetweenZeroAndTen() {
        for (int seed = 0; seed < 20; seed++) {
            List<Captions.Item> items = RandomTexts.items(2 + seed, 100 + seed);
            for (double score : Cider.of(Cider.Variant.D, items).items()) {
                assertTrue(score >= 0 && score <= 10 + ROUNDING, () -> "score " + score);
            }
        }
    }

    /** Scores found by the formula as it is written, over maps of strings. */
    @Test
    void agreesWithThePlainlyWrittenFormula() {
        for (int seed = 0; seed < 10; seed++) {
            List<Captions.Item> items = RandomTexts.items(2 + 3 * seed, 200 + seed);
            assertArrayEquals(CiderByMaps.of(items, true), Cider.of(Cider.Variant.D, items).items(), ROUNDING);
            assertArrayEquals(CiderByMaps.of(items, false), Cider.of(Cider.Variant.PLAIN, items).items(), ROUNDING);
        }
    }

    @Test
    void groupsAreScoredApart() {
        List<Captions.Item> items = RandomTexts.items(9, 3);
        List<String> groups = List.of("run", "walk", "run", "walk", "run", "sit", "walk", "run", "walk");
        Cider.Macro macro = Cider.macro(Cider.Variant.D, items, groups);
        double run = d(items.get(0), items.get(2), items.get(4), items.get(7)).mean();
        double walk = d(items.get(1), items.get(3), items.get(6), items.get(8)).mean();
        assertEquals(Map.of("run", run, "walk", walk, "sit", 0.0), macro.groups());
        assertEquals((run + walk) / 3, macro.mean(), ROUNDING);
        assertEquals(List.of("run", "walk", "sit"), List.copyOf(macro.groups().keySet()));
    }

    @Test
    void mistakesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> Cider.of(Cider.Variant.D, List.of()));
        assertThrows(IllegalArgumentException.class, () -> item("man"));
        assertThrows(IllegalArgumentException.class, () -> Cider.macro(Cider.Variant.D, List.of(item("a", "a")), List.of()));
    }
}
