package dev.kinema.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A self-similarity matrix as a picture over the time of the film, both ways: each pixel shows the pair of events whose middles are nearest.
 *
 * @param name of the matrix, for the page's script and style sheet
 * @param least the cosine that the colours start from
 */
record HeatMap(String name, SelfSimilarity similarity, Events events, double seconds, double least) {
    /** Side of the picture in pixels. */
    private static final int SIDE = 960;
    private static final double[] STEPS = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5};
    private static final int MOST_MARKS = 6;

    /** A picture whose colours cover the matrix's own range. */
    HeatMap(String name, SelfSimilarity similarity, Events events, double seconds) {
        this(name, similarity, events, seconds, similarity.least());
    }

    /** The same matrix on a scale that starts elsewhere, to be held against others. */
    HeatMap withLeast(double least) {
        return new HeatMap(name, similarity, events, seconds, least);
    }

    /** The value shown in the darkest colour; the brightest is for {@link #high}. */
    double low() {
        // a film of clips that are all alike still needs a scale
        return Math.min(least, high() - 0.001);
    }

    double high() {
        return 1;
    }

    String picture() {
        int[] event = new int[SIDE];
        for (int pixel = 0; pixel < SIDE; pixel++) {
            event[pixel] = events.at((pixel + 0.5) / SIDE * seconds);
        }
        byte[] pixels = new byte[SIDE * SIDE];
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                pixels[y * SIDE + x] = (byte) ColourMap.index(similarity.cosine(event[y], event[x]), low(), high());
            }
        }
        return Png.dataUri(Png.ofColourMap(SIDE, SIDE, pixels));
    }

    /** The colour scale, with round values marked. */
    void writeScaleTo(Markup page) {
        List<String> stops = new ArrayList<>();
        for (int i = 0; i < ColourMap.SIZE; i += 15) {
            stops.add(ColourMap.css(i));
        }
        page.open("div", "class", "scale " + name);
        page.open("div", "class", "ramp", "style", "background:linear-gradient(90deg," + String.join(",", stops) + ")").close("div");
        page.open("div", "class", "marks across");
        for (double mark : marks()) {
            String left = String.format(Locale.ROOT, "left:%.3f%%", 100 * (mark - low()) / (high() - low()));
            page.element("span", number(mark), "style", left);
        }
        page.close("div").close("div").line();
    }

    private double step() {
        for (double step : STEPS) {
            if ((high() - low()) / step <= MOST_MARKS) {
                return step;
            }
        }
        return STEPS[STEPS.length - 1];
    }

    private List<Double> marks() {
        List<Double> marks = new ArrayList<>();
        for (long i = (long) Math.ceil(low() / step() - 1e-9); i * step() <= high() + 1e-9; i++) {
            marks.add(i * step());
        }
        return marks;
    }

    /** Digits behind the point that this scale needs. */
    int digits() {
        return high() - low() < 0.02 ? 4 : high() - low() < 0.2 ? 3 : 2;
    }

    /** A cosine with that many digits, and a typographer's minus. */
    String number(double cosine) {
        return String.format(Locale.ROOT, "%." + digits() + "f", cosine).replaceFirst("^-(?=[0.]*$)", "").replace('-', '\u2212');
    }
}
