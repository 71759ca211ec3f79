package dev.kinema.device.cpu;

/**
 * Exponentials of a {@link Tile} of float32 numbers, by loops that are vectorised: e^t = 2^n 2^f with n the integer nearest to t / ln 2, and 2^f
 * by its Taylor series, of which eight terms leave an error of 5e-9 for f from -1/2 to 1/2.
 */
final class Exponentials {
    /** 1.5 * 2^23: adding it to a float of up to 2^22 rounds to an integer, which then is in the lowest bits. */
    private static final float ROUNDER = 12_582_912f;
    /** Here the bits of 2^n are all 0: what is smaller is 0, and nothing is denormal. */
    private static final float LEAST = -127f;
    /** The last that 2^n is a float of: what is greater stays at 2e38. */
    private static final float MOST = 127.4f;
    private static final double LN_2 = Math.log(2);
    private static final float C1 = term(1);
    private static final float C2 = term(2);
    private static final float C3 = term(3);
    private static final float C4 = term(4);
    private static final float C5 = term(5);
    private static final float C6 = term(6);
    private static final float C7 = term(7);

    private Exponentials() {}

    /** Coefficient {@code k} of the series of 2^f: (ln 2)^k / k!. */
    private static float term(int k) {
        double term = 1;
        for (int i = 1; i <= k; i++) {
            term *= LN_2 / i;
        }
        return (float) term;
    }

    /**
     * y = e^(factor (x - shift)), or more than 1e38 where that is; minus infinity gives 0. The difference is taken first, so that exponents
     * near 0, where what counts is, have all their digits.
     */
    static void of(Tile tile, float shift, double factor) {
        float[] x = tile.x;
        float[] y = tile.y;
        float[] z = tile.z;
        float scale = (float) (factor / LN_2);
        for (int i = 0; i < Tile.SIZE; i++) {
            float t = Math.min(Math.max((x[i] - shift) * scale, LEAST), MOST);
            float rounded = t + ROUNDER;
            float f = t - (rounded - ROUNDER);
            z[i] = rounded;
            y[i] = ((((((C7 * f + C6) * f + C5) * f + C4) * f + C3) * f + C2) * f + C1) * f + 1;
        }
        tile.bitsOf(z);
        int[] bits = tile.bits;
        for (int i = 0; i < Tile.SIZE; i++) {
            bits[i] = (bits[i] << 23) + 0x3F800000;
        }
        tile.floatsOf(z);
        for (int i = 0; i < Tile.SIZE; i++) {
            y[i] *= z[i];
        }
    }

    /** How many elements of x are greater than {@code bound}; y is overwritten. */
    static int above(Tile tile, float bound) {
        float[] x = tile.x;
        float[] y = tile.y;
        for (int i = 0; i < Tile.SIZE; i++) {
            y[i] = bound - x[i];
        }
        tile.bitsOf(y);
        int[] bits = tile.bits;
        int above = 0;
        for (int i = 0; i < Tile.SIZE; i++) {
            above += bits[i] >>> 31;
        }
        return above;
    }
}
