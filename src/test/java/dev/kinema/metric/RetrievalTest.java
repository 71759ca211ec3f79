package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class RetrievalTest {
    private static final float[][] KEYS = {{1, 0}, {0, 2}, {-3, 0}, {5, 0.5f}};
    private static final int[] KEY_LABELS = {0, 1, 2, 1};
    private static final float[][] QUERIES = {{2, 0}, {1, 20}, {-1, 0.5f}};

    @Test
    void nearestIsOfLargestCosine() {
        assertArrayEquals(new int[] {0, 1, 2}, Retrieval.nearest(QUERIES, KEYS));
        assertArrayEquals(new int[] {3, 1, 1}, Retrieval.nearest(QUERIES, KEYS, new int[] {0, -1, 2}));
        assertArrayEquals(new int[] {1, 0}, Retrieval.nearest(new float[][] {{1, 1}, {0, 0}}, new float[][] {{0, 0}, {1, 1}, {2, 2}}));
        assertArrayEquals(new int[] {1}, Retrieval.nearest(new float[][] {{1, 0}}, new float[][] {{1, 0}, {-1, 0}}, new int[] {0}),
            "all that is left, though it points away");
    }

    @Test
    void top1CountsTheRightOnes() {
        assertEquals(2 / 3.0, Retrieval.top1(QUERIES, new int[] {0, 1, 1}, KEYS, KEY_LABELS), 1e-15);
        assertEquals(1 / 3.0, Retrieval.top1(QUERIES, new int[] {0, 1, 2}, KEYS, KEY_LABELS, new int[] {0, -1, 2}), 1e-15);
        assertEquals(1 / 3.0, Retrieval.top1(QUERIES, KEYS, (query, key) -> key == 2), 1e-15);
        assertEquals(1, Retrieval.top1(QUERIES, KEYS, (query, key) -> query == key));
    }

    @Test
    void chanceIsTheMeanShareOfRightKeys() {
        // shares 1/4, 2/4, 2/4
        assertEquals(5 / 12.0, Retrieval.chance(new int[] {0, 1, 1}, KEY_LABELS), 1e-15);
        // shares 0/3, 2/4, 1/3
        assertEquals(5 / 18.0, Retrieval.chance(new int[] {0, 1, 1}, KEY_LABELS, new int[] {0, -1, 3}), 1e-15);
        assertEquals(0, Retrieval.chance(new int[] {7}, KEY_LABELS));
    }

    @Test
    void exclusionsAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> Retrieval.nearest(QUERIES, KEYS, new int[] {0}));
        assertThrows(IllegalArgumentException.class, () -> Retrieval.nearest(QUERIES, KEYS, new int[] {0, 4, 0}));
        assertThrows(IllegalArgumentException.class,
            () -> Retrieval.nearest(new float[][] {{1, 0}}, new float[][] {{1, 0}}, new int[] {0}));
    }

    @Test
    void severalComeNearestFirst() {
        float[][] keys = {{1, 0}, {0, 1}, {2, 2}, {-1, 0}, {0, 0}};
        assertEquals(List.of(0, 2, 1), places(Retrieval.nearest(new float[] {3, 0}, keys, Retrieval.NONE, 3)));
        assertEquals(List.of(2, 1, 4, 3), places(Retrieval.nearest(keys[0], keys, 0, 9)));
        // float32 inputs, double arithmetic: only the last digits can differ
        assertEquals(Math.sqrt(0.5), Retrieval.nearest(keys[0], keys, 0, 1).get(0).cosine(), 1e-12);
    }

    private static List<Integer> places(List<Retrieval.Found> found) {
        return found.stream().map(Retrieval.Found::key).toList();
    }
}
