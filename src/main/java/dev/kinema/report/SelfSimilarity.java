package dev.kinema.report;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.function.IntPredicate;

/**
 * How alike the events of a film are: cosines between their features, [n, n], symmetric. A feature of length 0 is like nothing: its cosines
 * are 0.
 */
final class SelfSimilarity {
    private final int n;
    private final float[] cosines;
    private final float least;

    private SelfSimilarity(int n, float[] cosines) {
        this.n = n;
        this.cosines = cosines;
        float least = Float.POSITIVE_INFINITY;
        for (float cosine : cosines) {
            least = Math.min(least, cosine);
        }
        this.least = least;
    }

    /** Of features [n, d]. */
    static SelfSimilarity of(float[][] features) {
        int n = features.length;
        double[][] units = new double[n][];
        for (int i = 0; i < n; i++) {
            units[i] = unit(features[i]);
        }
        float[] cosines = new float[n * n];
        for (int i = 0; i < n; i++) {
            for (int j = i; j < n; j++) {
                double product = 0;
                for (int k = 0; k < units[i].length; k++) {
                    product += units[i][k] * units[j][k];
                }
                // rounding may carry the product of a unit vector with itself past 1
                float cosine = (float) Math.max(-1, Math.min(1, product));
                cosines[i * n + j] = cosine;
                cosines[j * n + i] = cosine;
            }
        }
        return new SelfSimilarity(n, cosines);
    }

    /** Features less their mean over the events. A difference that float's rounding can make is none: a film that stands still has no pattern. */
    static float[][] centred(float[][] features) {
        int n = features.length;
        int d = features[0].length;
        float[][] centred = new float[n][d];
        for (int k = 0; k < d; k++) {
            double mean = 0;
            for (float[] feature : features) {
                mean += feature[k];
            }
            mean /= n;
            for (int i = 0; i < n; i++) {
                double difference = features[i][k] - mean;
                centred[i][k] = Math.abs(difference) <= Math.ulp(features[i][k]) ? 0 : (float) difference;
            }
        }
        return centred;
    }

    private static double[] unit(float[] feature) {
        double squares = 0;
        for (float x : feature) {
            squares += (double) x * x;
        }
        double scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
        double[] unit = new double[feature.length];
        for (int k = 0; k < unit.length; k++) {
            unit[k] = feature[k] * scale;
        }
        return unit;
    }

    /** Number of events. */
    int size() {
        return n;
    }

    float cosine(int i, int j) {
        return cosines[i * n + j];
    }

    /** The smallest cosine. */
    float least() {
        return least;
    }

    /** All cosines, row by row, as 16-bit numbers from 0 for -1 to 65535 for 1, big endian, in base 64. */
    String base64() {
        ByteBuffer bytes = ByteBuffer.allocate(2 * cosines.length);
        for (float cosine : cosines) {
            bytes.putShort((short) Math.round((cosine + 1) / 2 * 65535));
        }
        return Base64.getEncoder().encodeToString(bytes.array());
    }

    /** The event most like {@code i} of those that are allowed, -1 where none is; of equals the first. */
    int nearest(int i, IntPredicate allowed) {
        int nearest = -1;
        for (int j = 0; j < n; j++) {
            if (j != i && allowed.test(j) && (nearest < 0 || cosine(i, j) > cosine(i, nearest))) {
                nearest = j;
            }
        }
        return nearest;
    }
}
