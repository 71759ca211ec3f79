package dev.kinema.metric;

/**
 * Multinomial logistic regression as a function of its weights: mean cross-entropy plus half the penalty times the squares of the weights.
 * The point is [classes][d + 1] in one row after another, a class's bias behind its weights.
 */
final class SoftmaxRegression implements Lbfgs.Objective {
    private final double[][] rows;
    private final int[] labels;
    private final int classes;
    private final double penalty;

    SoftmaxRegression(double[][] rows, int[] labels, int classes, double penalty) {
        this.rows = rows;
        this.labels = labels;
        this.classes = classes;
        this.penalty = penalty;
    }

    int size() {
        return classes * (rows[0].length + 1);
    }

    /** What each class scores for a row, before softmax, into {@code scores} [classes]. */
    static void scores(double[] point, double[] row, double[] scores) {
        int stride = row.length + 1;
        for (int label = 0; label < scores.length; label++) {
            double sum = point[label * stride + row.length];
            for (int j = 0; j < row.length; j++) {
                sum += point[label * stride + j] * row[j];
            }
            scores[label] = sum;
        }
    }

    @Override
    public double value(double[] point, double[] gradient) {
        int width = rows[0].length;
        int stride = width + 1;
        double value = 0;
        for (int at = 0; at < point.length; at++) {
            boolean bias = at % stride == width;
            gradient[at] = bias ? 0 : penalty * point[at];
            value += bias ? 0 : 0.5 * penalty * point[at] * point[at];
        }
        double[] scores = new double[classes];
        for (int i = 0; i < rows.length; i++) {
            scores(point, rows[i], scores);
            value += loss(scores, labels[i]) / rows.length;
            for (int label = 0; label < classes; label++) {
                double error = (scores[label] - (label == labels[i] ? 1 : 0)) / rows.length;
                for (int j = 0; j < width; j++) {
                    gradient[label * stride + j] += error * rows[i][j];
                }
                gradient[label * stride + width] += error;
            }
        }
        return value;
    }

    /** Cross-entropy; scores become probabilities. */
    private static double loss(double[] scores, int label) {
        double most = scores[0];
        for (double score : scores) {
            most = Math.max(most, score);
        }
        double own = scores[label] - most;
        double sum = 0;
        for (int c = 0; c < scores.length; c++) {
            scores[c] = StrictMath.exp(scores[c] - most);
            sum += scores[c];
        }
        for (int c = 0; c < scores.length; c++) {
            scores[c] /= sum;
        }
        return StrictMath.log(sum) - own;
    }
}
