package dev.kinema.device.reference;

/** Sums over runs of elements, which the kernels are made of. */
final class Vectors {
    private Vectors() {}

    /** Inner product of the runs of {@code count} elements from {@code aAt} and {@code bAt} on; four partial sums, for speed. */
    static double dot(double[] a, int aAt, double[] b, int bAt, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int i = 0;
        for (; i + 3 < count; i += 4) {
            s0 += a[aAt + i] * b[bAt + i];
            s1 += a[aAt + i + 1] * b[bAt + i + 1];
            s2 += a[aAt + i + 2] * b[bAt + i + 2];
            s3 += a[aAt + i + 3] * b[bAt + i + 3];
        }
        for (; i < count; i++) {
            s0 += a[aAt + i] * b[bAt + i];
        }
        return s0 + s1 + (s2 + s3);
    }

    /** y += factor * x over a run. */
    static void add(double[] y, int yAt, double factor, double[] x, int xAt, int count) {
        for (int i = 0; i < count; i++) {
            y[yAt + i] += factor * x[xAt + i];
        }
    }

    /** Logarithm of the sum of exponentials of a run, which may not overflow; -infinity where all elements are. */
    static double logSumExp(double[] x, int at, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = at; i < at + count; i++) {
            max = Math.max(max, x[i]);
        }
        if (max == Double.NEGATIVE_INFINITY) {
            return max;
        }
        double sum = 0;
        for (int i = at; i < at + count; i++) {
            sum += Math.exp(x[i] - max);
        }
        return max + Math.log(sum);
    }

    /**
     * The product all convolutions and linear layers consist of: for each p below {@code count} and each o below {@code outs}
     * adds to y[yAt[p] + o] the sum over i of x[xAt[p] + i] * w[wAt + i * outs + o]. Four i at a time, and all p for these, so that
     * y is read and written less often and w comes from memory once.
     */
    static void addProducts(double[] y, int[] yAt, int outs, double[] x, int[] xAt, int ins, int count, double[] w, int wAt) {
        int i = 0;
        for (; i + 3 < ins; i += 4) {
            for (int p = 0; p < count; p++) {
                int from = xAt[p] + i;
                addFour(y, yAt[p], outs, x[from], x[from + 1], x[from + 2], x[from + 3], w, wAt + i * outs);
            }
        }
        for (; i < ins; i++) {
            for (int p = 0; p < count; p++) {
                add(y, yAt[p], x[xAt[p] + i], w, wAt + i * outs, outs);
            }
        }
    }

    private static void addFour(double[] y, int yAt, int outs, double x0, double x1, double x2, double x3, double[] w, int wAt) {
        int w1 = wAt + outs;
        int w2 = w1 + outs;
        int w3 = w2 + outs;
        for (int o = 0; o < outs; o++) {
            y[yAt + o] += x0 * w[wAt + o] + x1 * w[w1 + o] + (x2 * w[w2 + o] + x3 * w[w3 + o]);
        }
    }

    /** The transpose of a [rows, columns] matrix. */
    static double[] transpose(double[] x, int at, int rows, int columns) {
        double[] y = new double[rows * columns];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                y[c * rows + r] = x[at + r * columns + c];
            }
        }
        return y;
    }
}
