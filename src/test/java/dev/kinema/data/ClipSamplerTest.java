package dev.kinema.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.graph.Philox;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Laws are tested by chi-square over bins of equal probability; seeds are fixed, so that a test passes always or never. */
class ClipSamplerTest {
    private static final int DRAWS = 20_000;
    private static final int BINS = 20;
    /** Quantile 0.999 of chi-square with 19 degrees of freedom. */
    private static final double LIMIT_19 = 43.82;
    /** Quantile 0.999 of chi-square with 24 degrees of freedom. */
    private static final double LIMIT_24 = 51.18;

    private static final FilmTiming FILM = new FilmTiming(10, 30);
    private final DecreasingGap gaps = new DecreasingGap(16, 0.2);
    private static final double ROOM = 10 - 15 * 0.2;

    private static Philox draw(int i) {
        return new Philox(7, i, 3);
    }

    /** Chi-square of draws against the law with this distribution function. */
    private static double chiSquare(IntToDoubleFunction value, DoubleUnaryOperator distribution) {
        int[] counts = new int[BINS];
        for (int i = 0; i < DRAWS; i++) {
            double p = distribution.applyAsDouble(value.applyAsDouble(i));
            assertTrue(p >= 0 && p <= 1, "outside of the law's support: " + p);
            counts[Math.min(BINS - 1, (int) (p * BINS))]++;
        }
        return chiSquare(counts);
    }

    private static double chiSquare(int[] counts) {
        double expected = (double) DRAWS / counts.length;
        double sum = 0;
        for (int count : counts) {
            sum += (count - expected) * (count - expected) / expected;
        }
        return sum;
    }

    private double gap(int i) {
        double[][] times = gaps.times(FILM, draw(i));
        return Math.abs(times[1][0] - times[0][0]);
    }

    @Test
    void gapsFollowTheDecreasingDensity() {
        double chi = chiSquare(this::gap, k -> 2 * k / ROOM - k / ROOM * (k / ROOM));
        assertTrue(chi < LIMIT_19, () -> "chi-square " + chi);
        double uniform = chiSquare(this::gap, k -> k / ROOM);
        assertTrue(uniform > 10 * LIMIT_19, () -> "the test cannot tell the law from a uniform one: " + uniform);
    }

    @Test
    void gapsEndWhereTheyAreAskedTo() {
        double furthest = 1.5;
        DecreasingGap near = new DecreasingGap(16, 0.2, furthest);
        double chi = chiSquare(i -> {
            double[][] times = near.times(FILM, draw(i));
            return Math.abs(times[1][0] - times[0][0]);
        }, k -> 2 * k / furthest - k / furthest * (k / furthest));
        assertTrue(chi < LIMIT_19, () -> "chi-square " + chi);
        DecreasingGap far = new DecreasingGap(16, 0.2, 2 * ROOM);
        assertArrayEquals(gaps.times(FILM, draw(1)), far.times(FILM, draw(1)), "a film may have less room");
    }

    @Test
    void firstStartIsUniformInWhatTheGapLeaves() {
        double chi = chiSquare(i -> {
            double[][] times = gaps.times(FILM, draw(i));
            return Math.min(times[0][0], times[1][0]) / (ROOM - Math.abs(times[1][0] - times[0][0]));
        }, u -> u);
        assertTrue(chi < LIMIT_19, () -> "chi-square " + chi);
    }

    @Test
    void clipsOfTheFilmAreSwappedByAFairCoin() {
        int swapped = 0;
        for (int i = 0; i < DRAWS; i++) {
            double[][] times = gaps.times(FILM, draw(i));
            swapped += times[0][0] > times[1][0] ? 1 : 0;
            assertEquals(3, times[0][15] - times[0][0], 1e-12);
            assertTrue(Math.max(times[0][15], times[1][15]) <= 10 + 1e-9);
        }
        // four standard deviations of a fair coin
        assertEquals(DRAWS / 2.0, swapped, 4 * Math.sqrt(DRAWS) / 2);
    }

    @Test
    void filmWithoutRoomGoesRound() {
        FilmTiming tooShort = new FilmTiming(2, 30);
        for (int clip = 0; clip < 2; clip++) {
            int c = clip;
            double chi = chiSquare(i -> gaps.times(tooShort, draw(i))[c][0], t -> t / 2);
            assertTrue(chi < LIMIT_19, () -> "chi-square " + chi);
        }
        double[][] times = gaps.times(tooShort, draw(0));
        for (int i = 1; i < 16; i++) {
            double step = (times[0][i] - times[0][i - 1] + 2) % 2;
            assertEquals(0.2, step, 1e-9);
            assertTrue(times[0][i] >= 0 && times[0][i] < 2);
        }
    }

    @Test
    void startsAreUniformAndIndependent() {
        ClipSampler sampler = new UniformStarts(2, ClipSampling.of(8, 8));
        // 64 of 300 frames are taken up: starts are truncated to 0..235, of equal probability each
        int[] pairs = new int[25];
        for (int i = 0; i < DRAWS; i++) {
            double[][] times = sampler.times(FILM, draw(i));
            int first = (int) (times[0][0] * 30);
            int second = (int) (times[1][0] * 30);
            assertTrue(first >= 0 && first < 236 && second >= 0 && second < 236);
            pairs[bin(first) * 5 + bin(second)]++;
        }
        // 236 starts in 5 bins of 47.2: the fraction moves the expected counts by under 0.5 percent, one standard deviation at most
        double chi = chiSquare(pairs);
        assertTrue(chi < LIMIT_24 + 25 * 0.02, () -> "chi-square " + chi);
    }

    private static int bin(int start) {
        return start * 5 / 236;
    }

    @Test
    void picturesOfATrainingClipAreThoseOfPySlowFast() {
        double[] times = new UniformStarts(1, ClipSampling.of(8, 8)).times(new FilmTiming(50 / 30.0, 30), draw(1))[0];
        int[] frames = {0, 9, 18, 27, 36, 45, 49, 49};
        for (int i = 0; i < frames.length; i++) {
            assertEquals((frames[i] + 0.5) / 30, times[i], 1e-12);
        }
    }

    @Test
    void viewsStartWherePySlowFastsDo() {
        double[][] times = new UniformViews(10, ClipSampling.of(8, 8)).times(FILM, draw(0));
        assertEquals(10, times.length);
        // starts 0, 23.6, ..., 212.4, of which frames 0, 23 and 212 are the first
        assertEquals(0.5 / 30, times[0][0], 1e-12);
        assertEquals(23.5 / 30, times[1][0], 1e-12);
        assertEquals(212.5 / 30, times[9][0], 1e-12);
        // float32 linspace from 212.4 to 275.4
        assertEquals(275.5 / 30, times[9][7], 1e-12);
        assertArrayEquals(times[3], new UniformViews(10, ClipSampling.of(8, 8)).times(FILM, draw(5))[3], "nothing is drawn");
    }

    @Test
    void nonsenseIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new DecreasingGap(0, 1));
        assertThrows(IllegalArgumentException.class, () -> new DecreasingGap(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new DecreasingGap(1, 1, 0));
        assertThrows(IllegalArgumentException.class, () -> new UniformStarts(0, ClipSampling.of(8, 8)));
        assertThrows(IllegalArgumentException.class, () -> new UniformViews(0, ClipSampling.of(8, 8)));
        assertThrows(IllegalArgumentException.class, () -> new FilmTiming(0, 30));
        assertEquals(1, new FilmTiming(0.001, 30).length());
    }
}
