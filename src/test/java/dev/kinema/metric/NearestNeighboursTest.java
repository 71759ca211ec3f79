package dev.kinema.metric;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import java.util.Comparator;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
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

    @Test
    void cosinesAreThoseOfDoublePrecision() {
        SplittableRandom random = new SplittableRandom(5);
        // the last block is not full, and the number of columns is odd
        float[][] rows = random(random, 700, 37);
        float[] asked = random(random, 1, 37)[0];
        rows[699] = rows[1].clone();
        double[] exact = Features.unit(new float[][] {asked})[0];
        double[][] units = Features.unit(rows);
        Cosines cosines = new Cosines(rows);
        float[] found = new float[700];
        float[] room = Cosines.room();
        for (int block = 0; block < cosines.blocks(); block++) {
            cosines.of(block, Cosines.direction(asked), room);
            System.arraycopy(room, 0, found, cosines.first(block), cosines.count(block));
        }
        for (int j = 0; j < 700; j++) {
            // 38 roundings of products and sums of at most 1 in absolute value, each by 2^-24 at most, and as many of the directions
            assertEquals(Features.dot(exact, units[j]), found[j], 2 * 38 * 0x1p-24);
        }
        assertEquals(found[1], found[699], "equal rows have equal cosines wherever they lie");
    }

    @Test
    void threadsChangeNothing() throws Exception {
        SplittableRandom random = new SplittableRandom(6);
        float[][] features = random(random, 1000, 16);
        // each feature is there twice, in two blocks: ties everywhere
        System.arraycopy(features, 0, features, 500, 500);
        int[] labels = IntStream.range(0, 1000).map(i -> random.nextInt(5)).toArray();
        NearestNeighbours one = new NearestNeighbours(1, 0.1);
        NearestNeighbours some = new NearestNeighbours(20, 0.1);
        int[] expected = IntStream.range(0, 1000).map(i -> labels[(i + 500) % 1000]).toArray();
        int[] first = null;
        for (int threads : new int[] {1, 4}) {
            ForkJoinPool pool = new ForkJoinPool(threads);
            try {
                // a parallel stream that a pool's task begins runs in that pool
                assertArrayEquals(expected, pool.submit(() -> one.classifyLeavingOneOut(features, labels)).get());
                int[] predicted = pool.submit(() -> some.classifyLeavingOneOut(features, labels)).get();
                first = first == null ? predicted : first;
                assertArrayEquals(first, predicted);
            } finally {
                pool.shutdown();
            }
        }
        int[] of = one.classify(features, labels, features);
        assertArrayEquals(IntStream.range(0, 1000).map(i -> labels[i % 500]).toArray(), of, "the first of equals is nearest");
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
