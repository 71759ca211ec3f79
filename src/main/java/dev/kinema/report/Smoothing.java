package dev.kinema.report;

import java.util.function.DoublePredicate;

/** Means that follow a noisy curve. */
final class Smoothing {
    private Smoothing() {}

    /**
     * The exponential mean with weight {@code w = exp(-1 / constant)}, divided by {@code 1 - w^k} after k values, so that the first ones are not
     * drawn to 0. A value that cannot be shown stays as it is, and is not in the mean.
     *
     * @param constant after so many values the weight of one has fallen to 1/e
     */
    static double[] exponential(double[] y, double constant, DoublePredicate shown) {
        double weight = Math.exp(-1 / constant);
        double sum = 0;
        double weights = 0;
        double[] smooth = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            if (shown.test(y[i])) {
                sum = weight * sum + (1 - weight) * y[i];
                weights = weight * weights + (1 - weight);
                smooth[i] = sum / weights;
            } else {
                smooth[i] = Double.NaN;
            }
        }
        return smooth;
    }
}
