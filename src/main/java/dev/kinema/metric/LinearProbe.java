package dev.kinema.metric;

/**
 * Classifies features by a linear classifier trained on some of them: multinomial logistic regression with a penalty on the squares of its
 * weights. Features are brought to mean 0 and deviation 1 by those trained on, so that no scale favours a network. Training is on all at
 * once from zero, by L-BFGS (Nocedal, "Updating quasi-Newton matrices with limited storage", 1980), and draws nothing at random.
 *
 * @param penalty on half the sum of squared weights, biases left out, beside the mean cross-entropy
 * @param iterations at most; training ends before where the gradient vanishes
 */
public record LinearProbe(double penalty, int iterations) {
    /** A light penalty, and enough iterations for some hundred features. */
    public static final LinearProbe STANDARD = new LinearProbe(0.01, 200);

    /** Checks the numbers. */
    public LinearProbe {
        if (!(penalty >= 0) || Double.isInfinite(penalty) || iterations < 1) {
            throw new IllegalArgumentException("a penalty of " + penalty + " and " + iterations
                + " iterations: the one must be 0 or more, the others above 0");
        }
    }

    /**
     * Classes of features, told by a classifier trained on others.
     *
     * @param train [n][d]
     * @param labels [n] their classes
     * @param test [m][d]
     * @return [m] classes; of classes as probable as each other the smallest
     */
    public int[] classify(float[][] train, int[] labels, float[][] test) {
        Features.width(train, test);
        Features.checkLabels(train, labels);
        int classes = Features.classes(labels);
        Standardization scale = Standardization.of(train);
        SoftmaxRegression problem = new SoftmaxRegression(scale.apply(train), labels, classes, penalty);
        double[] weights = Lbfgs.minimize(problem, new double[problem.size()], iterations);
        int[] predicted = new int[test.length];
        double[][] rows = scale.apply(test);
        double[] scores = new double[classes];
        for (int i = 0; i < predicted.length; i++) {
            SoftmaxRegression.scores(weights, rows[i], scores);
            for (int label = 1; label < classes; label++) {
                predicted[i] = scores[label] > scores[predicted[i]] ? label : predicted[i];
            }
        }
        return predicted;
    }

    /** Fraction of {@code test} whose class {@link #classify} tells. */
    public double accuracy(float[][] train, int[] labels, float[][] test, int[] testLabels) {
        Features.checkLabels(test, testLabels);
        return Features.agreement(classify(train, labels, test), testLabels);
    }

    /** Mean and deviation of each dimension; one that never changes is divided by 1, and so stays 0. */
    private record Standardization(double[] mean, double[] deviation) {
        static Standardization of(float[][] rows) {
            double[] mean = new double[rows[0].length];
            double[] deviation = new double[mean.length];
            for (int j = 0; j < mean.length; j++) {
                for (float[] row : rows) {
                    mean[j] += (double) row[j] / rows.length;
                }
                double variance = 0;
                for (float[] row : rows) {
                    variance += (row[j] - mean[j]) * (row[j] - mean[j]) / rows.length;
                }
                // what is left of equal numbers is rounding of their mean
                deviation[j] = variance > 1e-24 * mean[j] * mean[j] ? Math.sqrt(variance) : 1;
            }
            return new Standardization(mean, deviation);
        }

        double[][] apply(float[][] rows) {
            double[][] scaled = new double[rows.length][mean.length];
            for (int i = 0; i < rows.length; i++) {
                for (int j = 0; j < mean.length; j++) {
                    scaled[i][j] = (rows[i][j] - mean[j]) / deviation[j];
                }
            }
            return scaled;
        }
    }
}
