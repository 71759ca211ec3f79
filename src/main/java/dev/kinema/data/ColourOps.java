package dev.kinema.data;

/**
 * Changes of colour on the planes of a clip, each clipped to [0, 1]. The loops are written for the JIT's vectoriser: one index,
 * one array per plane, minimum and maximum for branches.
 */
final class ColourOps {
    /** Keeps a division by a colour range of 0 finite; the quotient then meets a factor of 0. */
    private static final float TINY = 1e-20f;

    private ColourOps() {}

    static void brightness(Planes planes, float factor) {
        for (float[] plane : planes.channel) {
            affine(plane, planes.values(), factor, 0);
        }
    }

    /** Distances from the mean of the whole clip are multiplied: each channel's mean, or the one of its luma. */
    static void contrast(Planes planes, float factor, ColourArithmetic arithmetic) {
        int n = planes.values();
        double[] means = new double[3];
        for (int c = 0; c < 3; c++) {
            means[c] = mean(planes.channel[c], n);
        }
        double luma = arithmetic.red * means[0] + arithmetic.green * means[1] + arithmetic.blue * means[2];
        for (int c = 0; c < 3; c++) {
            double mean = arithmetic == ColourArithmetic.TENSORFLOW ? means[c] : luma;
            affine(planes.channel[c], n, factor, (float) (mean * (1 - factor)));
        }
    }

    private static void affine(float[] plane, int n, float factor, float shift) {
        for (int i = 0; i < n; i++) {
            plane[i] = Math.max(0f, Math.min(1f, plane[i] * factor + shift));
        }
    }

    /** Four sums side by side: one alone would wait for each addition. */
    private static double mean(float[] plane, int n) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += plane[i];
            b += plane[i + 1];
            c += plane[i + 2];
            d += plane[i + 3];
        }
        for (; i < n; i++) {
            a += plane[i];
        }
        return (a + b + c + d) / n;
    }

    /** TensorFlow: the saturation of HSV is multiplied and clipped. Pillow: distances from the pixel's luma are multiplied. */
    static void saturation(Planes planes, float factor, ColourArithmetic arithmetic) {
        if (arithmetic == ColourArithmetic.TENSORFLOW) {
            saturationOfHsv(planes.channel[0], planes.channel[1], planes.channel[2], planes.values(), factor);
        } else {
            distanceFromLuma(planes.channel[0], planes.channel[1], planes.channel[2], planes.values(), factor, arithmetic);
        }
    }

    /** With V = max and S = (max - min) / max, a value v of the pixel becomes V - (V - v) * min(factor, 1 / S). */
    private static void saturationOfHsv(float[] red, float[] green, float[] blue, int n, float factor) {
        for (int i = 0; i < n; i++) {
            float r = red[i];
            float g = green[i];
            float b = blue[i];
            float max = Math.max(r, Math.max(g, b));
            float min = Math.min(r, Math.min(g, b));
            float f = Math.min(factor, max / Math.max(max - min, TINY));
            red[i] = Math.max(0f, max - (max - r) * f);
            green[i] = Math.max(0f, max - (max - g) * f);
            blue[i] = Math.max(0f, max - (max - b) * f);
        }
    }

    private static void distanceFromLuma(float[] red, float[] green, float[] blue, int n, float factor, ColourArithmetic a) {
        float wr = a.red;
        float wg = a.green;
        float wb = a.blue;
        for (int i = 0; i < n; i++) {
            float r = red[i];
            float g = green[i];
            float b = blue[i];
            float luma = wr * r + wg * g + wb * b;
            red[i] = Math.max(0f, Math.min(1f, luma + factor * (r - luma)));
            green[i] = Math.max(0f, Math.min(1f, luma + factor * (g - luma)));
            blue[i] = Math.max(0f, Math.min(1f, luma + factor * (b - luma)));
        }
    }

    static void grayscale(Planes planes, ColourArithmetic arithmetic) {
        float[] red = planes.channel[0];
        float[] green = planes.channel[1];
        float[] blue = planes.channel[2];
        float wr = arithmetic.red;
        float wg = arithmetic.green;
        float wb = arithmetic.blue;
        int n = planes.values();
        for (int i = 0; i < n; i++) {
            float luma = Math.min(1f, wr * red[i] + wg * green[i] + wb * blue[i]);
            red[i] = luma;
            green[i] = luma;
            blue[i] = luma;
        }
    }

    /** Turns the hue of HSV by {@code turn} circles; the largest and smallest value of a pixel stay. */
    static void hue(Planes planes, float turn) {
        float[] red = planes.channel[0];
        float[] green = planes.channel[1];
        float[] blue = planes.channel[2];
        float sixths = 6 * (turn < 0 ? turn + 1 : turn);
        int n = planes.values();
        for (int i = 0; i < n; i++) {
            float r = red[i];
            float g = green[i];
            float b = blue[i];
            float max = Math.max(r, Math.max(g, b));
            float range = max - Math.min(r, Math.min(g, b));
            if (range > 0) {
                float hue = sixths + (max == r ? (g - b) / range : max == g ? 2 + (b - r) / range : 4 + (r - g) / range);
                red[i] = max - range * below(hue + 5);
                green[i] = max - range * below(hue + 3);
                blue[i] = max - range * below(hue + 1);
            }
        }
    }

    /** How far below the maximum a channel lies, as a part of the range; {@code h} is its hue in sixths, 0 to 18. */
    private static float below(float h) {
        float k = h >= 12 ? h - 12 : h >= 6 ? h - 6 : h;
        return Math.max(0f, Math.min(1f, Math.min(k, 4 - k)));
    }

    static void solarise(Planes planes, float threshold) {
        int n = planes.values();
        for (float[] plane : planes.channel) {
            for (int i = 0; i < n; i++) {
                float v = plane[i];
                plane[i] = v >= threshold ? 1 - v : v;
            }
        }
    }
}
