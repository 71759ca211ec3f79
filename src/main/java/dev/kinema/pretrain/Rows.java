package dev.kinema.pretrain;

import java.util.stream.IntStream;

/**
 * Rows [R, width] that a step computed, to be counted on.
 *
 * @param values row by row
 */
record Rows(float[] values, int width) {
    int count() {
        return values.length / width;
    }

    boolean isFinite() {
        for (float value : values) {
            if (!Float.isFinite(value)) {
                return false;
            }
        }
        return true;
    }

    float[][] toArrays() {
        float[][] rows = new float[count()][width];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, i * width, rows[i], 0, width);
        }
        return rows;
    }

    /** Share of the first {@code count} ranks that are 0: the positive was more alike than every negative. */
    static double first(int[] ranks, int count) {
        int first = 0;
        for (int i = 0; i < count; i++) {
            first += ranks[i] == 0 ? 1 : 0;
        }
        return (double) first / count;
    }

    /** Share of the rows whose largest entry is at their label. */
    double accuracy(int[] labels) {
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += largest(i) == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }

    private int largest(int row) {
        int best = 0;
        for (int k = 1; k < width; k++) {
            best = values[row * width + k] > values[row * width + best] ? k : best;
        }
        return best;
    }

    /** Of unit rows, two a film, the share that is most like its partner among all others. */
    double partnersFound(int films) {
        long found = IntStream.range(0, count()).parallel().filter(i -> finds(i, i < films ? i + films : i - films)).count();
        return (double) found / count();
    }

    private boolean finds(int i, int partner) {
        double own = product(i, partner);
        for (int j = 0; j < count(); j++) {
            if (j != i && j != partner && product(i, j) >= own) {
                return false;
            }
        }
        return true;
    }

    private double product(int i, int j) {
        double sum = 0;
        for (int k = 0; k < width; k++) {
            sum += (double) values[i * width + k] * values[j * width + k];
        }
        return sum;
    }
}
