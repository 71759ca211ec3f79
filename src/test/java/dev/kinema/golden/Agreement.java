package dev.kinema.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.HostArray;
import java.util.Locale;

/** Holds computed numbers to golden ones, and keeps what came nearest to its bound. A NaN on either side is infinitely far. */
public final class Agreement {
    private double share;
    private String nearest = "";

    /** The numbers differ by no more than {@code tolerance}. */
    public void number(double expected, double actual, double tolerance, String what) {
        absolute(new double[] {expected}, new double[] {actual}, tolerance, what);
    }

    /** No element differs by more than {@code tolerance}. */
    public void absolute(double[] expected, double[] actual, double tolerance, String what) {
        check(largestDifference(expected, actual, what), tolerance, what + ": largest difference");
    }

    /** No element differs by more than {@code tolerance} times the largest expected one. */
    public void relative(double[] expected, double[] actual, double tolerance, String what) {
        double largest = largestDifference(new double[expected.length], expected, what);
        check(largestDifference(expected, actual, what), tolerance * largest, what + ": largest difference");
    }

    /** |actual - expected| is at most {@code tolerance} times |expected|, in the Euclidean norm. */
    public void norm(double[] expected, double[] actual, double tolerance, String what) {
        double difference = 0;
        double size = 0;
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            size += expected[i] * expected[i];
        }
        check(Math.sqrt(difference), tolerance * Math.sqrt(size), what + ": norm of the difference");
    }

    /** The cosine of the two is {@code least} or more, and neither is more than twice as long as the other. */
    public void direction(double[] expected, double[] actual, double least, String what) {
        assertEquals(expected.length, actual.length, what);
        double size = Math.sqrt(dot(expected, expected));
        double length = Math.sqrt(dot(actual, actual));
        check(1 - dot(expected, actual) / (size * length), 1 - least, what + ": 1 - cosine");
        check(Math.max(length / size, size / length), 2, what + ": ratio of the lengths");
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    /** The same elements and shapes within {@code tolerance}. */
    public void absolute(HostArray expected, HostArray actual, double tolerance, String what) {
        assertEquals(expected.shape(), actual.shape(), what);
        absolute(expected.toDoubles(), actual.toDoubles(), tolerance, what);
    }

    private static double largestDifference(double[] expected, double[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(expected[i] - actual[i]);
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest;
    }

    private void check(double difference, double limit, String what) {
        assertTrue(difference <= limit, () -> what + " is " + difference + ", allowed " + limit);
        if (limit > 0 && difference / limit > share) {
            share = difference / limit;
            nearest = what;
        }
    }

    /** The largest share of a bound that was taken, and by what. */
    @Override
    public String toString() {
        return nearest.isEmpty() ? "exact" : String.format(Locale.ROOT, "%.2g of what is allowed (%s)", share, nearest);
    }
}
