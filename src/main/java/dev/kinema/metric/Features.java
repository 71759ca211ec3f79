package dev.kinema.metric;

import dev.kinema.KinemaException;

/** Checks of rows of features [n][d], and their directions. */
final class Features {
    private Features() {
    }

    /**
     * Refuses what nothing can be measured of.
     *
     * @return the length of a row
     */
    static int width(float[][] rows) {
        if (rows.length == 0 || rows[0].length == 0) {
            throw new IllegalArgumentException("no features: give at least one row of at least one number");
        }
        for (int i = 0; i < rows.length; i++) {
            if (rows[i].length != rows[0].length) {
                throw new IllegalArgumentException("feature " + i + " has " + rows[i].length + " numbers and feature 0 has "
                    + rows[0].length + ": all must have the same");
            }
            for (float value : rows[i]) {
                if (!Float.isFinite(value)) {
                    throw new KinemaException("feature " + i + " holds " + value + ": look for what made it, nothing can be told from it");
                }
            }
        }
        return rows[0].length;
    }

    /** {@link #width} of two sets, which must agree. */
    static int width(float[][] rows, float[][] others) {
        int width = width(rows);
        if (width(others) != width) {
            throw new IllegalArgumentException("features of " + width + " numbers and of " + others[0].length
                + ": both must come from the same network");
        }
        return width;
    }

    /** Refuses classes that are not one per row and from 0 on. */
    static void checkLabels(float[][] rows, int[] labels) {
        if (labels.length != rows.length) {
            throw new IllegalArgumentException(labels.length + " classes for " + rows.length + " features: give one for each");
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0) {
                throw new KinemaException("feature " + i + " has the class " + labels[i] + ": leave out what has no class, classes are"
                    + " counted from 0");
            }
        }
    }

    /** How many classes there are: one more than the largest. */
    static int classes(int[] labels) {
        int most = -1;
        for (int label : labels) {
            most = Math.max(most, label);
        }
        return most + 1;
    }

    /** Fraction of places at which both hold the same. */
    static double agreement(int[] predicted, int[] labels) {
        int same = 0;
        for (int i = 0; i < labels.length; i++) {
            same += predicted[i] == labels[i] ? 1 : 0;
        }
        return (double) same / labels.length;
    }

    /** Rows divided by their Euclidean lengths; a row of zeros has no direction and stays. */
    static double[][] unit(float[][] rows) {
        double[][] units = new double[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            double scale = scale(rows[i]);
            units[i] = new double[rows[i].length];
            for (int j = 0; j < units[i].length; j++) {
                units[i][j] = rows[i][j] * scale;
            }
        }
        return units;
    }

    /** What a row is multiplied by to have the Euclidean length 1; 0 for a row of zeros. */
    static double scale(float[] row) {
        double squares = 0;
        for (float value : row) {
            squares += (double) value * value;
        }
        return squares > 0 ? 1 / Math.sqrt(squares) : 0;
    }

    static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
