package dev.kinema.data;

import java.util.Arrays;

/**
 * Separable Gaussian blur of the frames of a clip. Lines are copied to arrays of their own, shifted, so that every loop runs over
 * equal indices, which is what the JIT turns into vector code.
 */
final class BlurPass {
    /** Taps below this, at either end, are dropped: all of them together change a value by far less than half a u8 level. */
    private static final double NEGLIGIBLE = 1e-7;

    private float[] padded = new float[0];
    private float[] left = new float[0];
    private float[] right = new float[0];
    private float[][] lines = new float[0][];
    private float[] black = new float[0];
    private float[] sum = new float[0];

    /** Weights of the centre and of the taps at 1, 2, ... pixels on either side. */
    static float[] taps(double sigma, int radius) {
        double[] weights = new double[radius + 1];
        double total = 0;
        for (int k = 0; k <= radius; k++) {
            weights[k] = Math.exp(-k * k / (2 * sigma * sigma));
            total += k == 0 ? weights[k] : 2 * weights[k];
        }
        int last = radius;
        while (last > 0 && weights[last] / total < NEGLIGIBLE) {
            last--;
        }
        float[] taps = new float[last + 1];
        for (int k = 0; k <= last; k++) {
            taps[k] = (float) (weights[k] / total);
        }
        return taps;
    }

    /** Blurs in place. */
    void run(Planes planes, float[] taps, GaussianBlur.Border border) {
        if (taps.length == 1) {
            return;
        }
        int height = planes.height();
        int width = planes.width();
        shape(height, width, taps.length - 1);
        for (float[] plane : planes.channel) {
            for (int frame = 0; frame < planes.frames(); frame++) {
                int at = frame * height * width;
                for (int y = 0; y < height; y++) {
                    along(plane, at + y * width, width, taps, border, lines[y]);
                }
                for (int y = 0; y < height; y++) {
                    across(y, height, width, taps, border);
                    System.arraycopy(sum, 0, plane, at + y * width, width);
                }
            }
        }
    }

    private void shape(int height, int width, int radius) {
        if (lines.length < height || sum.length < width || padded.length < width + 2 * radius) {
            int wide = Math.max(sum.length, width);
            lines = new float[Math.max(lines.length, height)][wide];
            padded = new float[Math.max(padded.length, width + 2 * radius)];
            left = new float[wide];
            right = new float[wide];
            black = new float[wide];
            sum = new float[wide];
        }
    }

    /** One line along x. */
    private void along(float[] plane, int at, int width, float[] taps, GaussianBlur.Border border, float[] to) {
        int radius = taps.length - 1;
        boolean edge = border == GaussianBlur.Border.EDGE;
        Arrays.fill(padded, 0, radius, edge ? plane[at] : 0);
        System.arraycopy(plane, at, padded, radius, width);
        Arrays.fill(padded, radius + width, radius + width + radius, edge ? plane[at + width - 1] : 0);
        System.arraycopy(plane, at, left, 0, width);
        scale(left, taps[0], to, width);
        for (int k = 1; k <= radius; k++) {
            System.arraycopy(padded, radius - k, left, 0, width);
            System.arraycopy(padded, radius + k, right, 0, width);
            addPair(left, right, taps[k], to, width);
        }
    }

    /** One line across the lines above and below. Bounded by 1 against the rounding of the taps' sum. */
    private void across(int y, int height, int width, float[] taps, GaussianBlur.Border border) {
        scale(lines[y], taps[0], sum, width);
        for (int k = 1; k < taps.length; k++) {
            addPair(line(y - k, height, border), line(y + k, height, border), taps[k], sum, width);
        }
        for (int x = 0; x < width; x++) {
            sum[x] = Math.min(1f, sum[x]);
        }
    }

    private float[] line(int y, int height, GaussianBlur.Border border) {
        if (y >= 0 && y < height) {
            return lines[y];
        }
        return border == GaussianBlur.Border.ZERO ? black : lines[y < 0 ? 0 : height - 1];
    }

    private static void scale(float[] a, float weight, float[] to, int n) {
        for (int x = 0; x < n; x++) {
            to[x] = weight * a[x];
        }
    }

    private static void addPair(float[] a, float[] b, float weight, float[] to, int n) {
        for (int x = 0; x < n; x++) {
            to[x] += weight * (a[x] + b[x]);
        }
    }
}
