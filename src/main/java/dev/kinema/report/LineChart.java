package dev.kinema.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One or more curves over a common axis, as a figure of a page: grid, round marks, legend, reference lines. A pure function of its parts.
 *
 * @param title what is shown, in a few words
 * @param xLabel what the x axis counts
 * @param curves in the order of their colours; a curve without points keeps its colour, and is not named
 * @param references horizontal lines to hold the curves against
 * @param log whether equal factors take equal room on the y axis; values of 0 and below are then left out, and counted
 * @param smoothing 0 for none, or the time constant of an exponential mean, to both sides, as a share of a curve's points; the curve itself
 *     is drawn faint below it
 */
public record LineChart(String title, String xLabel, List<Curve> curves, List<Reference> references, boolean log, double smoothing) {
    /** Units of the drawing. The page stretches it; texts stand beside it as HTML, so that they keep their size on a phone. */
    static final int WIDTH = 1000;
    static final int HEIGHT = 400;
    /** Colours and dashes that the style sheet has; past them they come again. */
    static final int STYLES = 8;

    private static final int BUCKETS = 280;
    private static final int SMOOTH_BUCKETS = 140;
    private static final int MOST_GAPS = 100;
    private static final int MARKS_UP = 8;
    private static final int MARKS_ACROSS = 6;

    /**
     * Values {@code y} at {@code x}, both [n]; {@code y} may be NaN or infinite, which breaks the line and is marked.
     *
     * @param x finite, and not falling
     */
    public record Curve(String name, double[] x, double[] y) {
        /** Checks that the points can stand on an axis. */
        public Curve {
            if (x.length != y.length) {
                throw new IllegalArgumentException("the curve '" + name + "' has " + x.length + " x and " + y.length + " y");
            }
            for (int i = 0; i < x.length; i++) {
                if (!Double.isFinite(x[i]) || i > 0 && x[i] < x[i - 1]) {
                    throw new IllegalArgumentException("the curve '" + name + "' has x = " + x[i] + " at " + i
                        + ": x must be finite and not fall");
                }
            }
        }
    }

    /** A horizontal line at {@code y}. */
    public record Reference(String label, double y) {}

    /** Copies the lists. */
    public LineChart {
        curves = List.copyOf(curves);
        references = List.copyOf(references);
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw new IllegalArgumentException("smoothing is " + smoothing + ": it must be 0 to below 1");
        }
    }

    /** A chart of curves over steps, without more. */
    public static LineChart of(String title, List<Curve> curves) {
        return new LineChart(title, "step", curves, List.of(), false, 0);
    }

    /** The same chart with a reference line more. */
    public LineChart withReference(String label, double y) {
        List<Reference> more = new ArrayList<>(references);
        more.add(new Reference(label, y));
        return new LineChart(title, xLabel, curves, more, log, smoothing);
    }

    /** The same chart with a y axis of equal factors. */
    public LineChart withLog(boolean log) {
        return new LineChart(title, xLabel, curves, references, log, smoothing);
    }

    /** The same chart with smoothed curves. */
    public LineChart withSmoothing(double smoothing) {
        return new LineChart(title, xLabel, curves, references, log, smoothing);
    }

    /** The figure as HTML with an inline drawing. */
    public String toMarkup() {
        Markup page = new Markup();
        writeTo(page);
        return page.toString();
    }

    void writeTo(Markup page) {
        Scale across = across();
        Scale up = up();
        page.open("figure", "class", "chart").element("figcaption", title);
        writeLegend(page);
        page.open("div", "class", "frame").open("div", "class", "ticks up", "aria-hidden", "true");
        for (Scale.Mark mark : up.marks(MARKS_UP)) {
            page.element("span", mark.label(), "style", "bottom:" + percent(up.share(mark.value())));
        }
        page.close("div").open("div", "class", "area");
        writeDrawing(page, across, up);
        for (Reference reference : references) {
            if (up.holds(reference.y())) {
                page.element("span", reference.label(), "class", "reference", "style", "bottom:" + percent(up.share(reference.y())));
            }
        }
        page.close("div").open("div", "class", "ticks across", "aria-hidden", "true");
        for (Scale.Mark mark : across.marks(MARKS_ACROSS)) {
            page.element("span", mark.label(), "style", "left:" + percent(across.share(mark.value())));
        }
        page.close("div").element("p", xLabel, "class", "axis").close("div");
        writeNotes(page, up);
        page.close("figure").line();
    }

    private Scale across() {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (Curve curve : curves) {
            if (curve.x.length > 0) {
                least = Math.min(least, curve.x[0]);
                greatest = Math.max(greatest, curve.x[curve.x.length - 1]);
            }
        }
        return Scale.across(least, greatest);
    }

    private Scale up() {
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (Curve curve : curves) {
            for (double y : curve.y) {
                if (isShown(y)) {
                    least = Math.min(least, y);
                    greatest = Math.max(greatest, y);
                }
            }
        }
        for (Reference reference : references) {
            if (isShown(reference.y())) {
                least = Math.min(least, reference.y());
                greatest = Math.max(greatest, reference.y());
            }
        }
        return Scale.around(least, greatest, log);
    }

    private boolean isShown(double y) {
        return Double.isFinite(y) && (!log || y > 0);
    }

    private void writeLegend(Markup page) {
        page.open("ul", "class", "legend");
        for (int i = 0; i < curves.size(); i++) {
            if (curves.get(i).x.length > 0) {
                page.open("li").open("svg", "viewBox", "0 0 26 8", "aria-hidden", "true");
                page.open("path", "class", style("curve", i), "d", "M1 4H25").close("path").close("svg")
                    .text(curves.get(i).name()).close("li");
            }
        }
        page.close("ul");
    }

    private static String style(String what, int curve) {
        return what + " c" + curve % STYLES;
    }

    private void writeDrawing(Markup page, Scale across, Scale up) {
        page.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "preserveAspectRatio", "none", "role", "img", "data-across",
            across.low() + " " + across.high(), "data-up", up.low() + " " + up.high() + (log ? " log" : ""), "data-unit", xLabel);
        page.element("title", title).element("desc", description());
        StringBuilder grid = new StringBuilder();
        for (Scale.Mark mark : up.marks(MARKS_UP)) {
            grid.append("M0 ").append(Numerals.coordinate((1 - up.share(mark.value())) * HEIGHT)).append('H').append(WIDTH);
        }
        writePath(page, "grid", grid.toString(), "");
        for (int i = 0; i < curves.size(); i++) {
            writeCurve(page, i, across, up);
        }
        for (Reference reference : references) {
            if (up.holds(reference.y())) {
                writePath(page, "reference", "M0 " + Numerals.coordinate((1 - up.share(reference.y())) * HEIGHT) + "H" + WIDTH, "");
            }
        }
        page.close("svg");
    }

    private void writeCurve(Markup page, int i, Scale across, Scale up) {
        Curve curve = curves.get(i);
        writePath(page, style("gap", i), Polyline.missing(curve.x, curve.y, across, this::isShown, MOST_GAPS), "");
        double constant = smoothing * curve.x.length;
        if (constant < 1) {
            writePath(page, style("curve", i), Polyline.path(curve.x, curve.y, across, up, BUCKETS), curve.name());
            return;
        }
        writePath(page, style("raw", i), Polyline.path(curve.x, curve.y, across, up, BUCKETS), "");
        double[] smooth = Smoothing.exponential(curve.y, constant, this::isShown);
        writePath(page, style("curve", i), Polyline.path(curve.x, smooth, across, up, SMOOTH_BUCKETS), curve.name());
    }

    private static void writePath(Markup page, String style, String path, String name) {
        if (!path.isEmpty()) {
            String[] attributes = name.isEmpty() ? new String[] {"class", style, "d", path}
                : new String[] {"class", style, "d", path, "data-name", name};
            page.open("path", attributes).close("path");
        }
    }

    /** The chart in words, for who cannot see it. */
    private String description() {
        StringBuilder text = new StringBuilder();
        for (Curve curve : curves) {
            Extremes extremes = Extremes.of(curve.x, curve.y);
            if (extremes.shown() > 0) {
                text.append(curve.name()).append(": from ").append(Numerals.plain(extremes.first())).append(" at ")
                    .append(xLabel).append(' ')
                    .append(Numerals.plain(extremes.firstAt())).append(" to ").append(Numerals.plain(extremes.last())).append(" at ")
                    .append(Numerals.plain(extremes.lastAt())).append(", lowest ").append(Numerals.plain(extremes.least()))
                    .append(", highest ")
                    .append(Numerals.plain(extremes.greatest())).append(". ");
            }
        }
        for (Reference reference : references) {
            text.append("Reference line: ").append(reference.label()).append(". ");
        }
        return text.isEmpty() ? "No values." : text.toString().strip();
    }

    private void writeNotes(Markup page, Scale up) {
        for (Curve curve : curves) {
            int odd = 0;
            int below = 0;
            double first = 0;
            for (int i = curve.y.length - 1; i >= 0; i--) {
                if (!Double.isFinite(curve.y[i])) {
                    odd++;
                    first = curve.x[i];
                } else if (!up.holds(curve.y[i])) {
                    below++;
                }
            }
            if (odd > 0) {
                page.element("p", curve.name() + ": " + odd + (odd == 1 ? " value is" : " values are")
                    + " not finite (NaN or infinite), the first at "
                    + xLabel + " " + Numerals.plain(first) + ".", "class", "note warning");
            }
            if (below > 0) {
                page.element("p", curve.name() + ": " + below + (below == 1 ? " value" : " values")
                    + " of 0 or below cannot stand on this axis.", "class", "note");
            }
        }
        if (curves.stream().allMatch(curve -> curve.x.length == 0)) {
            page.element("p", "No values yet.", "class", "note");
        }
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.2f%%", 100 * share);
    }
}
