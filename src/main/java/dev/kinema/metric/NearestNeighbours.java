package dev.kinema.metric;

import java.util.stream.IntStream;

/**
 * Classifies a feature by a vote of its k nearest, those of largest cosine, each weighing {@code exp(cosine / temperature)} (Wu et al.,
 * "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018, section 3.4; PySlowFast's contrastive models
 * are validated so).
 *
 * <p>Of features with the same cosine the one that comes first is nearer; of classes with the same votes the smaller one wins. A feature of
 * length 0 has the cosine 0 with all. Cosines are computed in single precision, on all cores; what comes out does not depend on their number.
 *
 * @param k how many vote; all of them where there are fewer
 * @param temperature above 0: the smaller, the more the nearest outweigh the others
 */
public record NearestNeighbours(int k, double temperature) {
    /** Of the paper, and PySlowFast's defaults. */
    public static final NearestNeighbours NPID = new NearestNeighbours(200, 0.07);

    /** Features that are compared with a block of voters before the next is fetched from memory. */
    private static final int GROUP = 64;

    /** Checks the numbers. */
    public NearestNeighbours {
        if (k < 1 || !(temperature > 0)) {
            throw new IllegalArgumentException("a vote of " + k + " neighbours at temperature " + temperature + ": both must be above 0");
        }
    }

    /**
     * Classes of features, told from others.
     *
     * @param train [n][d] that vote
     * @param labels [n] their classes
     * @param test [m][d]
     * @return [m] classes
     */
    public int[] classify(float[][] train, int[] labels, float[][] test) {
        Features.width(train, test);
        Features.checkLabels(train, labels);
        return predict(train, labels, test, false);
    }

    /** Fraction of {@code test} whose class {@link #classify} tells. */
    public double accuracy(float[][] train, int[] labels, float[][] test, int[] testLabels) {
        Features.checkLabels(test, testLabels);
        return Features.agreement(classify(train, labels, test), testLabels);
    }

    /**
     * Classes of features [n][d], each told from all others.
     *
     * @return [n] classes
     */
    public int[] classifyLeavingOneOut(float[][] features, int[] labels) {
        Features.width(features);
        Features.checkLabels(features, labels);
        if (features.length < 2) {
            throw new IllegalArgumentException("one feature alone has no neighbours: give two or more");
        }
        return predict(features, labels, features, true);
    }

    /** Fraction of features whose class {@link #classifyLeavingOneOut} tells. */
    public double accuracyLeavingOneOut(float[][] features, int[] labels) {
        return Features.agreement(classifyLeavingOneOut(features, labels), labels);
    }

    /** Classes of features; with {@code leaveOut} feature i is not told from voter i. */
    private int[] predict(float[][] train, int[] labels, float[][] asked, boolean leaveOut) {
        Cosines voters = new Cosines(train);
        int classes = Features.classes(labels);
        int[] predicted = new int[asked.length];
        // each group writes places of its own, and its sums have a fixed order: threads change nothing
        IntStream.range(0, (asked.length + GROUP - 1) / GROUP).parallel().forEach(group -> {
            int first = group * GROUP;
            NearestRows[] nearest = nearest(voters, asked, first, Math.min(GROUP, asked.length - first), leaveOut);
            for (int i = 0; i < nearest.length; i++) {
                predicted[first + i] = vote(nearest[i], labels, classes);
            }
        });
        return predicted;
    }

    private NearestRows[] nearest(Cosines voters, float[][] asked, int first, int count, boolean leaveOut) {
        float[][] directions = new float[count][];
        NearestRows[] nearest = new NearestRows[count];
        for (int i = 0; i < count; i++) {
            directions[i] = Cosines.direction(asked[first + i]);
            nearest[i] = new NearestRows(Math.min(k, voters.rows()), leaveOut ? first + i : NearestRows.NONE);
        }
        float[] cosines = Cosines.room();
        for (int block = 0; block < voters.blocks(); block++) {
            for (int i = 0; i < count; i++) {
                voters.of(block, directions[i], cosines);
                nearest[i].offer(cosines, voters.first(block), voters.count(block));
            }
        }
        return nearest;
    }

    private int vote(NearestRows nearest, int[] labels, int classes) {
        double[] votes = new double[classes];
        for (int i = 0; i < nearest.found(); i++) {
            // a common factor of all votes, which changes none of their order, keeps them in range at any temperature
            votes[labels[nearest.row(i)]] += StrictMath.exp((nearest.cosine(i) - nearest.cosine(0)) / temperature);
        }
        int best = 0;
        for (int label = 1; label < votes.length; label++) {
            best = votes[label] > votes[best] ? label : best;
        }
        return best;
    }
}
