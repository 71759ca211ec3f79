package dev.kinema.bench;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;

/** How far numbers are from those expected: |a - b| / |b| in the 2-norm. */
final class Distance {
    /** Sums of some thousand products, each rounded to 24 bits: a few unit roundoffs, and some fifty layers in a row. */
    static final double FP32_BOUND = 1e-5;
    /** Operands and results rounded to 8 bits, by up to 4e-3 each; some fifty layers average out. */
    static final double BF16_BOUND = 2e-2;
    /** What a cosine of 0.995 leaves: sqrt(1 - 0.995^2). */
    static final double INT8_BOUND = 0.1;

    private Distance() {}

    static double of(HostArray actual, HostArray expected) {
        return of(actual.toDoubles(), expected.toDoubles());
    }

    /** NaN where either holds one, which is within no bound. */
    static double of(double[] actual, double[] expected) {
        if (actual.length != expected.length) {
            throw new IllegalArgumentException(actual.length + " numbers where " + expected.length + " are expected");
        }
        double difference = 0;
        double length = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            length += expected[i] * expected[i];
        }
        return difference == 0 ? 0 : Math.sqrt(difference / length);
    }

    /** Of the angle between both, whatever their lengths; 1 from a right angle on. NaN where either holds one, or is all zeros. */
    static double sine(double[] a, double[] b) {
        double product = 0;
        double lengthA = 0;
        double lengthB = 0;
        for (int i = 0; i < a.length; i++) {
            product += a[i] * b[i];
            lengthA += a[i] * a[i];
            lengthB += b[i] * b[i];
        }
        double cosine = product / Math.sqrt(lengthA * lengthB);
        return cosine < 0 ? 1 : Math.sqrt(Math.max(0, 1 - cosine * cosine));
    }

    /** @throws KinemaException if the error is beyond the bound, or NaN */
    static double within(double bound, double error, String what) {
        if (!(error <= bound)) {
            throw new KinemaException(what + " is off by " + error + ", more than " + bound
                + ": its time means nothing until it computes what it should");
        }
        return error;
    }
}
