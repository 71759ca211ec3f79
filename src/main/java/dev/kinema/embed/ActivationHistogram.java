package dev.kinema.embed;

import dev.kinema.KinemaException;
import java.nio.FloatBuffer;

/**
 * How many values of an activation are how large, in bins of one width from 0 on. The width is a power of two, and doubles when a value lies
 * beyond the last bin, so that the order in which values come changes nothing.
 */
final class ActivationHistogram {
    private static final int BINS = 4096;
    /** Below any activation that matters. */
    private static final float SMALLEST_WIDTH = 0x1p-40f;
    private static final float LARGEST = 0x1p100f;

    private final String name;
    private long[] counts = new long[BINS];
    private float width = SMALLEST_WIDTH;
    private float largest;

    /** @param name of the weight whose input it is, for errors */
    ActivationHistogram(String name) {
        this.name = name;
    }

    /**
     * Counts values.
     *
     * @throws KinemaException if one is no number from 0 to 2^100
     */
    void add(FloatBuffer values) {
        for (int i = 0; i < values.capacity(); i++) {
            float v = values.get(i);
            if (!(v >= 0 && v < LARGEST)) {
                throw new KinemaException("an input of " + name + " is " + v + ": a network whose numbers overflow cannot be calibrated");
            }
            largest = Math.max(largest, v);
            while (v >= width * BINS) {
                widen();
            }
            counts[(int) (v / width)]++;
        }
    }

    private void widen() {
        long[] wider = new long[BINS];
        for (int i = 0; i < BINS; i++) {
            wider[i / 2] += counts[i];
        }
        counts = wider;
        width *= 2;
    }

    /**
     * The least bound of a bin that so many percent of the values do not exceed; the largest value for 100. An activation that is always
     * 0 has a range of 1, as any would do.
     */
    double percentile(double percent) {
        if (largest == 0) {
            return 1;
        }
        long all = 0;
        for (long count : counts) {
            all += count;
        }
        long beyond = (long) Math.floor(all * (1 - percent / 100));
        int bin = BINS;
        long seen = 0;
        while (seen + counts[bin - 1] <= beyond) {
            seen += counts[--bin];
        }
        return Math.min(largest, (double) bin * width);
    }
}
