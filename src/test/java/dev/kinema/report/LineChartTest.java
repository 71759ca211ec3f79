package dev.kinema.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.report.LineChart.Curve;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LineChartTest {
    private static final Scale UNIT = new Scale(0, 1, false);

    private static double[] count(int n) {
        return IntStream.range(0, n).asDoubleStream().toArray();
    }

    private static List<String> labels(Scale scale) {
        return scale.marks(6).stream().map(Scale.Mark::label).toList();
    }

    private static PageMarkup read(LineChart chart) {
        PageMarkup markup = PageMarkup.of(chart.toMarkup());
        markup.assertLegible();
        return markup;
    }

    @Test
    void marksAreRound() {
        assertEquals(List.of("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"), labels(UNIT));
        assertEquals(List.of("2", "4", "6", "8", "10"), labels(new Scale(1.3, 11.2, false)));
        assertEquals(List.of("0", "20k", "40k", "60k", "80k", "100k"), labels(new Scale(0, 100_000, false)));
        assertEquals(List.of("0", "1M", "2M"), labels(new Scale(0, 2.4e6, false)).stream().filter(label -> !label.contains(".")).toList());
        assertEquals(List.of("\u22120.2", "0.0", "0.2"), labels(new Scale(-0.35, 0.35, false)));
        assertEquals(List.of("0", "2e\u22126", "4e\u22126"), labels(new Scale(0, 5e-6,
            false)).stream().filter(l -> !l.matches("[135]e.*")).toList());
        assertEquals(List.of("0.001", "0.01", "0.1", "1"), labels(new Scale(0.0009, 2, true)));
        assertEquals(List.of("1", "2", "5", "10"), labels(new Scale(0.9, 12, true)));
        for (double[] ends : new double[][] {{0, 1e-9}, {-3e7, 8e11}, {11.0899, 11.0901}, {1e-300, 1e300}}) {
            int marks = new Scale(ends[0], ends[1], ends[1] > 1e299).marks(6).size();
            assertTrue(marks >= 2 && marks <= 7, marks + " marks");
        }
    }

    @Test
    void curvesWithOneValueHaveAnAxis() {
        for (double value : new double[] {0, 5, -5, 1e-12}) {
            Scale scale = Scale.around(value, value, false);
            assertTrue(scale.low() <= value && value <= scale.high());
        }
        assertTrue(read(LineChart.of("one", List.of(new Curve("a", new double[] {3}, new double[] {7})))).all("path", "curve").stream()
            .anyMatch(path -> path.getAttribute("d").endsWith("h0")), "a single point is a dot");
        assertTrue(LineChart.of("none", List.of(new Curve("a", new double[0], new double[0]))).toMarkup().contains("No values yet."));
    }

    @Test
    void coordinatesAreExact() {
        assertEquals("M0 400L500 200L1000 0", Polyline.path(new double[] {0, 0.5, 1}, new double[] {0, 0.5, 1}, UNIT, UNIT, 10));
        assertEquals("M0 400L500 200L1000 0", Polyline.path(new double[] {0, 0.5, 1}, new double[] {1, 10, 100}, UNIT, new Scale(1, 100,
            true), 10));
    }

    @Test
    void whatIsNotANumberBreaksTheLineAndIsMarked() {
        double[] y = {0, Double.NaN, 0.5, 0.5, Double.POSITIVE_INFINITY, 1};
        double[] x = {0, 0.2, 0.4, 0.6, 0.8, 1};
        assertEquals("M0 400h0M400 200L600 200M1000 0h0", Polyline.path(x, y, UNIT, UNIT, 10));
        String html = LineChart.of("gaps", List.of(new Curve("loss", x, y))).withSmoothing(0.5).toMarkup();
        assertTrue(html.contains("M200 0V400M800 0V400"), html);
        assertTrue(html.contains("loss: 2 values are not finite (NaN or infinite), the first at step 0.2."), html);
        assertFalse(html.replace("(NaN or infinite)", "").contains("NaN"));
        read(LineChart.of("all gone", List.of(new Curve("loss", new double[] {1, 2}, new double[] {Double.NaN, Double.NaN}))));
    }

    @Test
    void aThinnedCurveIsSmallAndKeepsItsPeaks() {
        int n = 100_000;
        double[] x = count(n);
        double[] y = new double[n];
        for (int i = 0; i < n; i++) {
            y[i] = Math.sin(i * 0.37) + (i == 54_321 ? 9 : 0) - (i == 77_777 ? 7 : 0) + (i % 1000 == 999 ? Double.NaN : 0);
        }
        Scale across = Scale.across(0, n - 1);
        String path = Polyline.path(x, y, across, new Scale(-8, 10, false), 200);
        assertTrue(path.split("[ML]").length - 1 <= 800, "four points a bucket at most");
        assertTrue(path.contains(" " + Numerals.coordinate((10 - y[54_321]) / 18 * 400)), "the highest value is there");
        assertTrue(path.contains(" " + Numerals.coordinate((10 - y[77_777]) / 18 * 400)), "the lowest value is there");
        String html = LineChart.of("much", List.of(new Curve("a", x, y))).withSmoothing(0.02).toMarkup();
        // 280 + 140 buckets of 4 points of at most 12 characters, 100 gaps of 13, and the frame
        assertTrue(html.length() < 25_000, html.length() + " characters");
    }

    @Test
    void logAxisLeavesOutWhatHasNoLogarithm() {
        LineChart chart = LineChart.of("log", List.of(new Curve("lr", count(4), new double[] {0, 1e-4, 1e-2, 1}))).withLog(true);
        read(chart);
        assertTrue(chart.toMarkup().contains("lr: 1 value of 0 or below cannot stand on this axis."));
        read(LineChart.of("log", List.of(new Curve("lr", count(2), new double[] {0, -1}))).withLog(true));
    }

    @Test
    void smoothingWeighsAsStated() {
        double[] smooth = Smoothing.exponential(new double[] {4, 4, Double.NaN, 4}, 10, Double::isFinite);
        assertEquals(4, smooth[0], 1e-12);
        assertTrue(Double.isNaN(smooth[2]));
        assertEquals(4, smooth[3], 1e-12);
        // weights 1/4, 1/2, 1, 1/2 around the third value, over their sum 2.25
        double[] halves = Smoothing.exponential(new double[] {8, 0, 3, 4}, 1 / Math.log(2), Double::isFinite);
        assertEquals((8 / 4.0 + 3 + 4 / 2.0) / 2.25, halves[2], 1e-12);
        double[] line = Smoothing.exponential(count(101), 5, Double::isFinite);
        assertEquals(50, line[50], 1e-3, "no lag; what the ends cut off weighs exp(-10)");
    }

    @Test
    void texts() {
        String hostile = "<b>\"&'";
        PageMarkup markup = read(new LineChart(hostile, hostile, List.of(new Curve(hostile, count(3), count(3))), List.of(), false, 0)
            .withReference("chance: ln(65,537)", Math.log(65_537)));
        assertEquals(hostile, markup.all("title", "").get(0).getTextContent());
        assertTrue(markup.all("desc", "").get(0).getTextContent().contains("from 0 at " + hostile + " 0 to 2 at 2, lowest 0, highest 2."));
        assertEquals("chance: ln(65,537)", markup.all("span", "reference").get(0).getTextContent());
        assertThrows(IllegalArgumentException.class, () -> new Curve("a", new double[] {2, 1}, new double[2]));
        assertThrows(IllegalArgumentException.class, () -> new Curve("a", new double[] {Double.NaN}, new double[1]));
        assertThrows(IllegalArgumentException.class, () -> new Curve("a", new double[1], new double[2]));
    }
}
