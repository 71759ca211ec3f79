package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** Expected numbers are those that PySlowFast's own decoder gives. */
class ClipSamplingTest {
    private final ClipSampling eightByEight = ClipSampling.of(8, 8);

    @Test
    void stepIsThatOfTheSpanNotTheSamplingRate() {
        assertArrayEquals(new int[] {0, 9, 18, 27, 36, 45, 54, 63}, eightByEight.indices(0, 300, 30));
        assertArrayEquals(new int[] {0, 4, 8, 12, 16, 21, 25, 29, 33, 37, 42, 46, 50, 54, 58, 63},
                ClipSampling.of(16, 4).indices(0, 300, 30));
        assertArrayEquals(new int[] {0, 21, 42, 63}, ClipSampling.of(4, 16).indices(0, 300, 30));
    }

    @Test
    void spanFollowsTheFrameRate() {
        assertEquals(53.33, eightByEight.clipSize(25), 0.01);
        assertArrayEquals(new int[] {0, 7, 14, 22, 29, 37, 44, 52}, eightByEight.indices(0, 300, 25));
        assertEquals(1, eightByEight.clipSize(0.1));
    }

    @Test
    void shortFilmRepeatsItsLastFrame() {
        assertEquals(0, eightByEight.trainStart(50, 30, 0.9));
        assertArrayEquals(new int[] {0, 9, 18, 27, 36, 45, 49, 49}, eightByEight.indices(0, 50, 30));
    }

    @Test
    void testViewsStartBeforeTheEnd() {
        assertEquals(0, eightByEight.testStart(300, 30, 0, 10));
        assertEquals(23.6, eightByEight.testStart(300, 30, 1, 10), 1e-12);
        assertEquals(212.4, eightByEight.testStart(300, 30, 9, 10), 1e-12);
    }

    @Test
    void trainStartsFillTheRoom() {
        assertEquals(118, eightByEight.trainStart(300, 30, 0.5));
        assertArrayEquals(new int[] {118, 127, 136, 145, 154, 163, 172, 181}, eightByEight.indices(118, 300, 30));
    }

    @Test
    void oneFrameClipTakesItsStart() {
        assertArrayEquals(new int[] {7}, ClipSampling.of(1, 1).indices(7.9, 300, 30));
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ClipSampling.of(0, 4));
        assertThrows(IllegalArgumentException.class, () -> eightByEight.testStart(300, 30, 10, 10));
        assertThrows(IllegalArgumentException.class, () -> eightByEight.trainStart(300, 30, 1));
        assertThrows(IllegalArgumentException.class, () -> eightByEight.trainStart(0, 30, 0));
    }
}
