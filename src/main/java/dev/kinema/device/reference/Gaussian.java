package dev.kinema.device.reference;

/** The normal distribution to full double precision, and GELU made of it or of its approximation. */
final class Gaussian {
    /** From here on the continued fraction of erfc converges faster than the series of erf. */
    private static final double SERIES_LIMIT = 2.5;
    /** Terms of the continued fraction, enough for full precision from {@link #SERIES_LIMIT} on. */
    private static final int FRACTION_TERMS = 80;
    private static final double TANH_FACTOR = Math.sqrt(2 / Math.PI);
    /** Hendrycks and Gimpel, arXiv:1606.08415, section 2. */
    private static final double CUBIC = 0.044715;

    private Gaussian() {}

    /** x Phi(x). */
    static double gelu(double x) {
        return x * cumulative(x);
    }

    /** The derivative of {@link #gelu}: Phi(x) + x phi(x). */
    static double geluSlope(double x) {
        return cumulative(x) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /** GELU with Phi approximated: x (1 + tanh(u)) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3). */
    static double tanhGelu(double x) {
        return x * (1 + Math.tanh(TANH_FACTOR * (x + CUBIC * x * x * x))) / 2;
    }

    /** The derivative of {@link #tanhGelu}: (1 + tanh(u)) / 2 + x (1 - tanh(u)^2) u' / 2. */
    static double tanhGeluSlope(double x) {
        double tanh = Math.tanh(TANH_FACTOR * (x + CUBIC * x * x * x));
        double inner = TANH_FACTOR * (1 + 3 * CUBIC * x * x);
        return (1 + tanh) / 2 + x * (1 - tanh * tanh) * inner / 2;
    }

    /** Phi(x), the distribution function: erfc(-x / sqrt(2)) / 2. */
    static double cumulative(double x) {
        double z = Math.abs(x) / Math.sqrt(2);
        if (z < SERIES_LIMIT) {
            double erf = erfSeries(z);
            return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
        }
        double tail = erfcFraction(z) / 2;
        return x < 0 ? tail : 1 - tail;
    }

    /** Abramowitz and Stegun, 7.1.6: 2 / sqrt(pi) exp(-z^2) sum 2^n z^(2n+1) / (1 3 5 ... (2n+1)); all terms positive. */
    private static double erfSeries(double z) {
        double term = z;
        double sum = z;
        for (int n = 1; term > 1e-17 * sum; n++) {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
    }

    /** Abramowitz and Stegun, 7.1.14: exp(-z^2) / sqrt(pi) / (z + (1/2) / (z + (2/2) / (z + (3/2) / (z + ...)))). */
    private static double erfcFraction(double z) {
        double f = z;
        for (int k = FRACTION_TERMS; k > 0; k--) {
            f = z + k / 2.0 / f;
        }
        return Math.exp(-z * z) / Math.sqrt(Math.PI) / f;
    }
}
