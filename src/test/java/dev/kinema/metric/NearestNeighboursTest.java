package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class NearestNeighboursTest {
    private static final float HALF_ROOT_3 = (float) Math.sqrt(0.75);

    /** One of class 0 in the direction asked for, two of class 1 at 60 degrees: cosines 1, 1/2, 1/2. */
    private static final float[][] TRAIN = {{3, 0}, {0.5f, HALF_ROOT_3}, {5, -10 * HALF_ROOT_3}};
    private static final int[] LABELS = {0, 1, 1};
    private static final float[][] ASKED = {{0.1f, 0}};

    private static int ask(int k, double temperature) {
        return new NearestNeighbours(k, temperature).classify(TRAIN, LABELS, ASKED)[0];
    }

    @Test
    void temperatureWeighsTheNearAgainstTheMany() {
        // e against 2 e^0.5 = 3.30; e^2 = 7.39 against 2 e = 5.44
        assertEquals(1, ask(3, 1));
        assertEquals(0, ask(3, 0.5));
        assertEquals(0, ask(1, 1));
        assertEquals(1, ask(200, 1), "all vote where there are fewer than k");
        // exp(1 / temperature) itself is infinite
        assertEquals(0, ask(3, 1e-4));
    }

    @Test
    void tiesAreBrokenByOrder() {
        float[][] same = {{1, 0}, {2, 0}, {4, 0}};
        assertEquals(2, new NearestNeighbours(1, 0.1).classify(same, new int[] {2, 1, 0}, ASKED)[0], "the first of equals is nearest");
        assertEquals(0, new NearestNeighbours(3, 0.1).classify(same, new int[] {2, 1, 0}, ASKED)[0], "the smallest class of equals wins");
        // no direction is as near to one as to another
        assertEquals(1, new NearestNeighbours(1, 0.1).classify(new float[][] {{0, 1}, {1, 0}}, new int[] {1, 0}, new float[][] {{0, 0}})[0]);
    }

    @Test
    void accuracyIsTheFractionTold() {
        float[][] features = {{1, 0}, {1, 0.1f}, {0, 1}, {0.1f, 1}};
        NearestNeighbours one = new NearestNeighbours(1, 0.1);
        assertEquals(1, one.accuracyLeavingOneOut(features, new int[] {0, 0, 1, 1}));
        assertEquals(0, one.accuracyLeavingOneOut(features, new int[] {0, 1, 0, 1}), "none votes for itself");
        assertEquals(0.5, one.accuracyLeavingOneOut(features, new int[] {0, 0, 0, 1}));
        assertEquals(0.75, one.accuracy(features, new int[] {0, 0, 1, 1}, features, new int[] {0, 1, 1, 1}));
    }

    @Test
    void votesAreThoseOfASortedList() {
        SplittableRandom random = new SplittableRandom(4);
        float[][] train = random(random, 60, 5);
        float[][] test = random(random, 40, 5);
        int[] labels = IntStream.range(0, 60).map(i -> random.nextInt(3)).toArray();
        int[] expected = new int[40];
        double[][] units = Features.unit(train);
        for (int i = 0; i < 40; i++) {
            double[] asked = Features.unit(test)[i];
            double[] votes = new double[3];
            IntStream.range(0, 60).boxed().sorted(Comparator.comparingDouble(j -> -Features.dot(asked, units[j]))).limit(7)
                .forEach(j -> votes[labels[j]] += Math.exp(Features.dot(asked, units[j]) / 0.2));
            expected[i] = IntStream.range(0, 3).boxed().max(Comparator.comparingDouble(c -> votes[c])).orElseThrow();
        }
        assertArrayEquals(expected, new NearestNeighbours(7, 0.2).classify(train, labels, test));
    }

    private static float[][] random(SplittableRandom random, int rows, int width) {
        float[][] made = new float[rows][width];
        for (float[] row : made) {
            for (int j = 0; j < width; j++) {
                row[j] = (float) (random.nextDouble() - 0.5);
            }
        }
        return made;
    }

    @Test
    void whatCannotVoteIsRefused() {
        NearestNeighbours npid = NearestNeighbours.NPID;
        String nan = assertThrows(KinemaException.class,
            () -> npid.classify(TRAIN, LABELS, new float[][] {{1, Float.NaN}})).getMessage();
        assertTrue(nan.startsWith("feature 0 holds NaN"), nan);
        String unlabelled = assertThrows(KinemaException.class, () -> npid.classify(TRAIN, new int[] {0, -1, 1}, ASKED)).getMessage();
        assertTrue(unlabelled.startsWith("feature 1 has the class -1"), unlabelled);
        assertThrows(IllegalArgumentException.class, () -> npid.classify(TRAIN, LABELS, new float[][] {{1, 2, 3}}));
        assertThrows(IllegalArgumentException.class, () -> npid.classify(TRAIN, new int[] {0, 1}, ASKED));
        assertThrows(IllegalArgumentException.class, () -> npid.classifyLeavingOneOut(ASKED, new int[] {0}));
        assertThrows(IllegalArgumentException.class, () -> new NearestNeighbours(0, 0.1));
    }
}
