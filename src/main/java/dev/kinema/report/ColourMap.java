package dev.kinema.report;

import java.util.Locale;

/**
 * A sequential map of 256 colours from near black over violet and orange to pale yellow. Neighbours are equally far apart in OKLab, so equal
 * differences of values look equal; lightness only rises, so it also reads in grey.
 */
final class ColourMap {
    /** Number of colours. */
    static final int SIZE = 256;

    /** What the curve runs through. */
    private static final OkLab[] POINTS = {
        OkLab.polar(0.15, 0.050, 285), OkLab.polar(0.30, 0.135, 295), OkLab.polar(0.47, 0.185, 330),
        OkLab.polar(0.63, 0.185, 20), OkLab.polar(0.79, 0.145, 60), OkLab.polar(0.96, 0.070, 105)};
    /** Steps in which the curve's length is measured. */
    private static final int FINE = 4096;

    private static final int[] COLOURS = colours();

    private ColourMap() {}

    /** Colour {@code i} as 0xRRGGBB. */
    static int rgb(int i) {
        return COLOURS[i];
    }

    /** Colour {@code i} as CSS writes it. */
    static String css(int i) {
        return String.format(Locale.ROOT, "#%06x", COLOURS[i]);
    }

    /** Number of the colour for a value between {@code low} and {@code high}; what lies outside gets the nearer end's. */
    static int index(double value, double low, double high) {
        double share = (value - low) / (high - low);
        return (int) Math.round(Math.max(0, Math.min(1, share)) * (SIZE - 1));
    }

    private static int[] colours() {
        OkLab[] curve = new OkLab[FINE + 1];
        double[] length = new double[FINE + 1];
        for (int i = 0; i <= FINE; i++) {
            curve[i] = onCurve((double) i / FINE).inSrgb();
            length[i] = i == 0 ? 0 : length[i - 1] + curve[i - 1].distance(curve[i]);
        }
        int[] colours = new int[SIZE];
        int at = 0;
        for (int i = 0; i < SIZE; i++) {
            while (at < FINE && length[at] < length[FINE] * i / (SIZE - 1)) {
                at++;
            }
            colours[i] = curve[at].rgb();
        }
        return colours;
    }

    /** The Catmull-Rom spline through the points at {@code t} in [0, 1]. */
    private static OkLab onCurve(double t) {
        int last = POINTS.length - 1;
        int segment = (int) Math.min(t * last, last - 1);
        double u = t * last - segment;
        OkLab before = POINTS[Math.max(segment - 1, 0)];
        OkLab from = POINTS[segment];
        OkLab to = POINTS[segment + 1];
        OkLab after = POINTS[Math.min(segment + 2, last)];
        return new OkLab(spline(before.lightness(), from.lightness(), to.lightness(), after.lightness(), u),
            spline(before.a(), from.a(), to.a(), after.a(), u), spline(before.b(), from.b(), to.b(), after.b(), u));
    }

    private static double spline(double before, double from, double to, double after, double u) {
        double slope = (to - before) / 2;
        double nextSlope = (after - from) / 2;
        double rise = to - from;
        return from + u * (slope + u * (3 * rise - 2 * slope - nextSlope + u * (slope + nextSlope - 2 * rise)));
    }
}
