package dev.kinema.metric;

/**
 * Classifies a feature by a vote of its k nearest, those of largest cosine, each weighing {@code exp(cosine / temperature)} (Wu et al.,
 * "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", CVPR 2018, section 3.4; PySlowFast's contrastive models
 * are validated so).
 *
 * <p>Of features with the same cosine the one that comes first is nearer; of classes with the same votes the smaller one wins. A feature of
 * length 0 has the cosine 0 with all.
 *
 * @param k how many vote; all of them where there are fewer
 * @param temperature above 0: the smaller, the more the nearest outweigh the others
 */
public record NearestNeighbours(int k, double temperature) {
    /** Of the paper, and PySlowFast's defaults. */
    public static final NearestNeighbours NPID = new NearestNeighbours(200, 0.07);

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
        double[][] voters = Features.unit(train);
        double[][] asked = Features.unit(test);
        int[] predicted = new int[test.length];
        for (int i = 0; i < predicted.length; i++) {
            predicted[i] = vote(voters, labels, asked[i], -1);
        }
        return predicted;
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
        double[][] units = Features.unit(features);
        int[] predicted = new int[features.length];
        for (int i = 0; i < predicted.length; i++) {
            predicted[i] = vote(units, labels, units[i], i);
        }
        return predicted;
    }

    /** Fraction of features whose class {@link #classifyLeavingOneOut} tells. */
    public double accuracyLeavingOneOut(float[][] features, int[] labels) {
        return Features.agreement(classifyLeavingOneOut(features, labels), labels);
    }

    private int vote(double[][] voters, int[] labels, double[] asked, int excluded) {
        int[] nearest = new int[Math.min(k, voters.length)];
        double[] cosines = new double[nearest.length];
        int found = 0;
        for (int j = 0; j < voters.length; j++) {
            if (j == excluded) {
                continue;
            }
            double cosine = Features.dot(asked, voters[j]);
            if (found == nearest.length && cosine <= cosines[found - 1]) {
                continue;
            }
            int place = found < nearest.length ? found++ : found - 1;
            for (; place > 0 && cosine > cosines[place - 1]; place--) {
                cosines[place] = cosines[place - 1];
                nearest[place] = nearest[place - 1];
            }
            cosines[place] = cosine;
            nearest[place] = j;
        }
        double[] votes = new double[Features.classes(labels)];
        for (int i = 0; i < found; i++) {
            // a common factor of all votes, which changes none of their order, keeps them in range at any temperature
            votes[labels[nearest[i]]] += StrictMath.exp((cosines[i] - cosines[0]) / temperature);
        }
        int best = 0;
        for (int label = 1; label < votes.length; label++) {
            best = votes[label] > votes[best] ? label : best;
        }
        return best;
    }
}
