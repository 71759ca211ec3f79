package dev.kinema.report;

import dev.kinema.report.LineChart.Curve;
import dev.kinema.report.RunReport.Run;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The HTML page of a {@link RunReport}: warnings, charts, values, what differs, facts. */
final class RunPage {
    /** Time constant of the smoothed curves, as a share of a run's points. */
    private static final double SMOOTHING = 0.008;
    /** Curves of fewer points are read well as they are. */
    private static final int LEAST_SMOOTHED = 200;

    private final RunReport report;
    private final List<Run> runs;
    private final List<Metric> metrics;

    RunPage(RunReport report) {
        this.report = report;
        runs = report.runs();
        metrics = Metric.of(runs);
    }

    String html() {
        PageShell shell = new PageShell(report.title(), List.of("page.css", "chart.css"), List.of("chart.js"), "", report.refreshSeconds());
        Markup page = new Markup();
        shell.open(page);
        writeTitle(page);
        writeCharts(page);
        writeValues(page);
        writeDifferences(page);
        writeFacts(page);
        shell.close(page, () -> { });
        return page.toString();
    }

    private void writeTitle(Markup page) {
        page.open("header").element("p", "Kinema training report", "class", "kind").element("h1", report.title());
        page.open("p", "class", "sizes").element("span", runs.size() == 1 ? "1 run" : runs.size() + " runs");
        page.element("span", metrics.size() == 1 ? "1 metric" : metrics.size() + " metrics");
        if (report.refreshSeconds() > 0) {
            page.element("span", "this page reads itself again every " + report.refreshSeconds() + " s");
        }
        page.close("p");
        for (Run run : runs) {
            for (String warning : run.warnings()) {
                page.open("p", "class", "remark warning", "role", "note").element("b", "Warning: ")
                    .text((runs.size() > 1 ? run.name() + ": " : "") + warning).close("p");
            }
        }
        page.close("header").line();
    }

    private void writeCharts(Markup page) {
        page.open("section").element("h2", "Curves");
        if (metrics.isEmpty()) {
            page.element("p", "Nothing has been logged yet.");
        }
        page.open("div", "class", "charts").line();
        for (Metric metric : metrics) {
            chart(metric).writeTo(page);
        }
        page.close("div").close("section").line();
    }

    private LineChart chart(Metric metric) {
        List<Curve> curves = new ArrayList<>();
        int most = 0;
        for (Run run : runs) {
            RunReport.Series series = run.series(metric.name());
            curves.add(new Curve(run.name(), series.steps(), series.values()));
            most = Math.max(most, series.steps().length);
        }
        LineChart chart = LineChart.of(metric.name(), curves).withLog(report.logLoss() && metric.isLoss())
            .withSmoothing(most >= LEAST_SMOOTHED && !metric.isRate() ? SMOOTHING : 0);
        for (LineChart.Reference reference : report.references().getOrDefault(metric.name(), List.of())) {
            chart = chart.withReference(reference.label(), reference.y());
        }
        return chart;
    }

    private void writeValues(Markup page) {
        if (metrics.isEmpty()) {
            return;
        }
        page.open("section").element("h2", "Values").open("div", "class", "wide").open("table", "class", "values").open("thead").open("tr");
        page.element("th", "Metric", "scope", "col").element("th", "Run", "scope", "col").element("th", "Last", "scope", "col")
            .element("th", "At step", "scope", "col").element("th", "Best", "scope", "col").close("tr").close("thead").open("tbody").line();
        for (Metric metric : metrics) {
            for (int i = 0; i < runs.size(); i++) {
                RunReport.Series series = runs.get(i).series(metric.name());
                if (series.steps().length > 0) {
                    int last = series.steps().length - 1;
                    page.open("tr").element("td", metric.name()).open("td").open("i", "class", "dot c" + i % LineChart.STYLES).close("i")
                        .text(runs.get(i).name()).close("td").element("td", Numerals.plain(series.values()[last]))
                        .element("td", Numerals.plain(series.steps()[last]));
                    page.element("td", metric.best(Extremes.of(series.steps(), series.values()))).close("tr").line();
                }
            }
        }
        page.close("tbody").close("table").close("div").close("section").line();
    }

    /** The settings in which the runs differ; of one run all, folded away. */
    private void writeDifferences(Markup page) {
        Set<String> keys = keys(Run::settings);
        if (keys.isEmpty()) {
            return;
        }
        page.open("section").element("h2", runs.size() == 1 ? "Settings" : "Settings that differ");
        if (runs.size() == 1) {
            page.open("details").element("summary", keys.size() + " settings");
            writeTable(page, keys, Run::settings);
            page.close("details");
        } else {
            Set<String> differing = new LinkedHashSet<>(keys);
            differing.removeIf(key -> runs.stream().map(run -> run.settings().getOrDefault(key, "")).distinct().count() == 1);
            if (differing.isEmpty()) {
                page.element("p", "None: all " + keys.size() + " settings are the same.");
            } else {
                writeTable(page, differing, Run::settings);
                page.element("p", "The other " + (keys.size() - differing.size()) + " settings are the same.", "class", "note");
            }
        }
        page.close("section").line();
    }

    private Set<String> keys(Function<Run, Map<String, String>> part) {
        Set<String> keys = new LinkedHashSet<>();
        runs.forEach(run -> keys.addAll(part.apply(run).keySet()));
        return keys;
    }

    private void writeTable(Markup page, Set<String> keys, Function<Run, Map<String, String>> part) {
        page.open("div", "class", "wide").open("table", "class", "settings").open("thead").open("tr").element("th", "", "scope", "col");
        for (int i = 0; i < runs.size(); i++) {
            page.open("th", "scope", "col").open("i", "class", "dot c" + i % LineChart.STYLES).close("i")
                .text(runs.get(i).name()).close("th");
        }
        page.close("tr").close("thead").open("tbody").line();
        for (String key : keys) {
            page.open("tr").element("th", key, "scope", "row");
            for (Run run : runs) {
                String value = part.apply(run).get(key);
                page.element("td", value == null ? "\u2013" : value, "class", value == null ? "none" : "");
            }
            page.close("tr").line();
        }
        page.close("tbody").close("table").close("div").line();
    }

    private void writeFacts(Markup page) {
        Set<String> keys = keys(Run::facts);
        if (!keys.isEmpty()) {
            page.open("footer").element("h2", runs.size() == 1 ? "The run" : "The runs");
            writeTable(page, keys, Run::facts);
            page.close("footer").line();
        }
    }
}
