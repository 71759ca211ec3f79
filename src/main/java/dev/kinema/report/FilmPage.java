package dev.kinema.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The HTML page of a {@link FilmReport}: the film, its self-similarity, its events. */
final class FilmPage {
    private final FilmReport report;
    private final Events events;
    private final TimeAxis axis;
    private final Pictures pictures;
    private final SceneColours colours;

    FilmPage(FilmReport report) {
        this.report = report;
        events = new Events(report);
        axis = new TimeAxis(report.duration());
        pictures = new Pictures(report.pictures());
        colours = new SceneColours(report.shots());
    }

    String html() {
        MatrixSection matrix = new MatrixSection(report, events, axis, pictures, colours);
        PageShell shell = new PageShell(report.title(), List.of("page.css"), List.of("page.js"), pictures.css(), 0);
        Markup page = new Markup();
        shell.open(page);
        writeTitle(page);
        new Timeline(report, axis, pictures, colours).writeTo(page);
        matrix.writeTo(page);
        new EventTable(report, events, axis, pictures, colours, matrix.centred()).writeTo(page);
        writeFacts(page);
        shell.close(page, () -> page.data("data", matrix.json()).line());
        return page.toString();
    }

    private void writeTitle(Markup page) {
        page.open("header").element("p", "Kinema film report", "class", "kind").element("h1", report.title());
        page.open("p", "class", "sizes");
        page.element("span", axis.time(report.duration()));
        if (!report.shots().isEmpty()) {
            page.element("span", count(report.shots().size(), "shot"));
        }
        page.element("span", count(report.starts().length, "clip") + String.format(Locale.ROOT, " of %.2f s", report.clipSeconds()));
        page.element("span", report.features()[0].length + " numbers each").close("p");
        for (String remark : report.remarks()) {
            page.element("p", remark, "class", "remark");
        }
        page.close("header").line();
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }

    private void writeFacts(Markup page) {
        page.open("footer").element("h2", "How this page was made").open("dl").line();
        for (Map.Entry<String, String> fact : report.facts().entrySet()) {
            page.element("dt", fact.getKey()).element("dd", fact.getValue()).line();
        }
        page.close("dl").close("footer").line();
    }
}
