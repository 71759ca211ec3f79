package dev.kinema.metric;

/**
 * Whether features have collapsed: the standard deviation of unit-length features, averaged over dimensions, times the square root of their
 * number (Chen and He, "Exploring Simple Siamese Representation Learning", CVPR 2021, section 4.1). It is 1 where directions are spread
 * evenly, and 0 where all features point the same way, which a loss may not show.
 */
public final class FeatureSpread {
    private FeatureSpread() {
    }

    /** Of features [n][d]: from 0 (all the same direction) to 1 (spread evenly over all). */
    public static double of(float[][] features) {
        int width = Features.width(features);
        double[][] units = Features.unit(features);
        double sum = 0;
        for (int j = 0; j < width; j++) {
            double mean = 0;
            for (double[] unit : units) {
                mean += unit[j] / units.length;
            }
            double variance = 0;
            for (double[] unit : units) {
                variance += (unit[j] - mean) * (unit[j] - mean) / units.length;
            }
            sum += Math.sqrt(variance);
        }
        return sum / width * Math.sqrt(width);
    }
}
