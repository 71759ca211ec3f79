package dev.kinema.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;

/** The HTML page of a {@link FilmReport}: one file that loads nothing, which its content security policy holds it to. */
final class FilmPage {
    private static final String POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

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
        Markup page = new Markup();
        writeHead(page);
        page.open("body").open("main").line();
        writeTitle(page);
        new Timeline(report, axis, pictures, colours).writeTo(page);
        matrix.writeTo(page);
        new EventTable(report, events, axis, pictures, colours, matrix.centred()).writeTo(page);
        writeFacts(page);
        page.close("main").line().data("data", matrix.json()).line();
        page.open("script").verbatim(resource("page.js")).close("script").close("body").close("html").line();
        return page.toString();
    }

    private void writeHead(Markup page) {
        page.verbatim("<!doctype html>\n").open("html", "lang", "en").open("head").line();
        page.open("meta", "charset", "utf-8").open("meta", "name", "viewport", "content", "width=device-width,initial-scale=1");
        page.open("meta", "http-equiv", "Content-Security-Policy", "content", POLICY);
        page.open("meta", "name", "color-scheme", "content", "light dark").line();
        page.element("title", report.title() + " \u00b7 Kinema").line();
        page.open("style").verbatim(resource("page.css")).verbatim(pictures.css()).close("style").close("head").line();
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

    private static String resource(String name) {
        try (InputStream in = FilmPage.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the page's own " + name + " cannot be read", e);
        }
    }
}
