package dev.kinema.report;

import java.util.function.DoublePredicate;

/** Means that follow a noisy curve. */
final class Smoothing {
    private Smoothing() {}

    /**
     * The exponential mean to both sides: value j weighs {@code exp(-|i - j| / constant)} in mean i, over the sum of the weights. To one
     * side only, the mean would lag behind a curve that falls. A value that cannot be shown becomes NaN, and is in no mean.
     *
     * @param constant so many values away the weight has fallen to 1/e
     */
    static double[] exponential(double[] y, double constant, DoublePredicate shown) {
        double decay = Math.exp(-1 / constant);
        double[] sums = new double[y.length];
        double[] weights = new double[y.length];
        addPass(y, decay, shown, sums, weights, 0, 1);
        addPass(y, decay, shown, sums, weights, y.length - 1, -1);
        double[] smooth = new double[y.length];
        for (int i = 0; i < y.length; i++) {
            // each pass counted the value itself
            smooth[i] = shown.test(y[i]) ? (sums[i] - y[i]) / (weights[i] - 1) : Double.NaN;
        }
        return smooth;
    }

    private static void addPass(double[] y, double decay, DoublePredicate shown, double[] sums, double[] weights, int from, int step) {
        double sum = 0;
        double weight = 0;
        for (int i = from; i >= 0 && i < y.length; i += step) {
            sum = decay * sum + (shown.test(y[i]) ? y[i] : 0);
            weight = decay * weight + (shown.test(y[i]) ? 1 : 0);
            sums[i] += sum;
            weights[i] += weight;
        }
    }
}
