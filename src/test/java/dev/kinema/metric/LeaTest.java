package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.Philox;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LeaTest {
    private static final double ROUNDING = 1e-12;

    /** Entities written as words of one-letter mentions. */
    private static List<List<String>> side(String entities) {
        return Stream.of(entities.split(" ")).filter(entity -> !entity.isEmpty()).map(entity -> List.of(entity.split(""))).toList();
    }

    private static Lea.Document document(String key, String response) {
        return new Lea.Document(side(key), side(response));
    }

    private static Lea.Sums lea(String key, String response) {
        return Lea.of(List.of(document(key, response)));
    }

    @Test
    void workedExample() {
        Lea.Sums sums = lea("abc defg", "ab cd fghi");
        assertEquals((1 + 4 / 6.0) / 7, sums.recall(), ROUNDING);
        assertEquals((2 + 4 / 6.0) / 8, sums.precision(), ROUNDING);
        assertEquals(0.277778, sums.f1(), 5e-7);
    }

    @Test
    void workedExampleOfSoftPrecision() {
        Map<String, Double> scores = Map.of("a", 2.0, "b", 1.0, "c", 0.5, "d", 3.0);
        Lea.Sums sums = Lea.soft(List.of(document("abc d", "ab c d")), List.of(scores));
        assertEquals(1.5, sums.precision(), ROUNDING);
        assertEquals(0.5, sums.recall(), ROUNDING);
        assertEquals(0.75, sums.f1(), ROUNDING);
        assertThrows(IllegalArgumentException.class, () -> Lea.soft(List.of(document("a", "b")), List.of(scores, scores)));
        assertThrows(IllegalArgumentException.class, () -> Lea.soft(List.of(document("a", "x")), List.of(scores)));
    }

    @Test
    void singleMentionsMustBeSingleOnBothSides() {
        assertEquals(1, lea("a b", "b a").f1(), ROUNDING);
        assertEquals(0, lea("a", "ab").f1());
        assertEquals(0, lea("ab", "a b").f1());
        assertEquals(0, lea("a", "b").f1());
        assertEquals(2 / 3.0, lea("a b", "a").f1(), ROUNDING);
    }

    @Test
    void sidesMayBeEmpty() {
        assertEquals(0, lea("ab c", "").f1());
        assertEquals(0, lea("", "ab").precision());
        assertEquals(0, Lea.of(List.of()).f1());
    }

    @Test
    void documentsAreSummedBeforeDividing() {
        Lea.Sums sums = Lea.of(List.of(document("abc", "abc"), document("a b", "ab")));
        assertEquals(3 / 5.0, sums.recall(), ROUNDING);
        assertEquals(3 / 5.0, sums.precision(), ROUNDING);
    }

    @Test
    void orderChangesNothingAndBoundsHold() {
        for (int seed = 0; seed < 20; seed++) {
            Philox random = new Philox(seed, 0, 0);
            List<List<String>> key = entities(random, 0);
            List<List<String>> response = entities(random, 100);
            Lea.Sums sums = Lea.of(List.of(new Lea.Document(key, response)));
            assertTrue(sums.f1() >= 0 && sums.f1() <= 1 && sums.precision() <= 1 && sums.recall() <= 1, sums::toString);
            assertEquals(sums.f1(), Lea.of(List.of(new Lea.Document(turned(key), turned(response)))).f1(), ROUNDING);
            assertEquals(sums.recall(), Lea.of(List.of(new Lea.Document(response, key))).precision(), ROUNDING, "sides changed");
            assertEquals(1, Lea.of(List.of(new Lea.Document(key, turned(key)))).f1(), ROUNDING);
        }
    }

    @Test
    void mentionsAreInOneEntityOfASide() {
        assertThrows(IllegalArgumentException.class, () -> document("ab bc", "a"));
        assertThrows(IllegalArgumentException.class, () -> document("a", "aa"));
        assertThrows(IllegalArgumentException.class, () -> new Lea.Document(List.of(List.of()), List.of()));
    }

    private static List<List<String>> entities(Philox random, int first) {
        Map<Integer, List<String>> entities = new LinkedHashMap<>();
        for (int mention = 0; mention < 12; mention++) {
            if (random.uniform(first + 2 * mention) < 0.8) {
                entities.computeIfAbsent((int) (random.uniform(first + 2 * mention + 1) * 5), entity -> new ArrayList<>())
                    .add("m" + mention);
            }
        }
        return List.copyOf(entities.values());
    }

    private static List<List<String>> turned(List<List<String>> side) {
        List<List<String>> turned = new ArrayList<>();
        for (List<String> entity : side) {
            List<String> mentions = new ArrayList<>(entity);
            Collections.reverse(mentions);
            turned.add(0, mentions);
        }
        return turned;
    }
}
