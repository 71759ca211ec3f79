package dev.kinema.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The curves of one training run, or of several that are held against each other.
 *
 * @param title of the page
 * @param runs at least one, with distinct names, in the order of their colours
 * @param references lines to hold a metric against, such as the loss of chance, by the metric's name
 * @param logLoss whether charts of losses have a logarithmic axis
 * @param refreshSeconds after which an open page reads itself again, for a run that goes on; 0 for never
 */
public record RunReport(String title, List<Run> runs, Map<String, List<LineChart.Reference>> references, boolean logLoss,
    int refreshSeconds) {

    /**
     * One run.
     *
     * @param facts what there is to say of it: state, place, times; in the order to print
     * @param settings its configuration, a key to a value, in the order to print; what differs between runs is shown
     * @param series its metrics, with distinct names
     * @param warnings sentences on what a reader must not overlook
     */
    public record Run(String name, Map<String, String> facts, Map<String, String> settings, List<Series> series, List<String> warnings) {
        /** Copies the parts, which keep their order. */
        public Run {
            facts = ordered(facts);
            settings = ordered(settings);
            series = List.copyOf(series);
            warnings = List.copyOf(warnings);
            if (series.stream().map(Series::name).distinct().count() < series.size()) {
                throw new IllegalArgumentException("the run '" + name + "' has two series of one name");
            }
        }

        /** A run of which nothing is known but its curves. */
        public static Run of(String name, List<Series> series) {
            return new Run(name, Map.of(), Map.of(), series, List.of());
        }

        /** The series of that name, with no points where the run has none. */
        Series series(String metric) {
            return series.stream().filter(one -> one.name().equals(metric)).findFirst()
                .orElseGet(() -> new Series(metric, new double[0], new double[0]));
        }
    }

    /**
     * A metric over the steps of a run: {@code values} at {@code steps}, both [n].
     *
     * @param name as it is logged; "loss", "lr" and what it holds of "acc", "top" or "knn" decide its place and what of it is best
     * @param steps finite, and not falling
     */
    public record Series(String name, double[] steps, double[] values) {
        /** Checks that it is a curve. */
        public Series {
            new LineChart.Curve(name, steps, values);
        }
    }

    /** Checks that the runs can be told apart. */
    public RunReport {
        runs = List.copyOf(runs);
        references = ordered(references);
        if (runs.isEmpty() || runs.stream().map(Run::name).distinct().count() < runs.size()) {
            throw new IllegalArgumentException("the runs " + runs.stream().map(Run::name).toList()
                + ": give at least one, of distinct names");
        }
        if (refreshSeconds < 0) {
            throw new IllegalArgumentException("a page cannot be read again after " + refreshSeconds + " s");
        }
    }

    /** A page of runs that are over, without more. */
    public static RunReport of(String title, List<Run> runs) {
        return new RunReport(title, runs, Map.of(), false, 0);
    }

    private static <T> Map<String, T> ordered(Map<String, T> map) {
        return Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /** The report as one HTML page that loads nothing from elsewhere. */
    public String toHtml() {
        return new RunPage(this).html();
    }
}
