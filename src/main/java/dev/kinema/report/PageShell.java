package dev.kinema.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What is around the content of every page: one file that loads nothing, which its content security policy holds it to.
 *
 * @param title for the browser's window
 * @param styles style sheets of this package, in their order
 * @param scripts scripts of this package, run at the end
 * @param rules more of the style sheet, such as the page's pictures
 * @param refreshSeconds after which the browser is to read the file again; 0 for never
 */
record PageShell(String title, List<String> styles, List<String> scripts, String rules, int refreshSeconds) {
    private static final String POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

    /** Writes the head and opens the body and its main part. */
    void open(Markup page) {
        page.verbatim("<!doctype html>\n").open("html", "lang", "en").open("head").line();
        page.open("meta", "charset", "utf-8").open("meta", "name", "viewport", "content", "width=device-width,initial-scale=1");
        page.open("meta", "http-equiv", "Content-Security-Policy", "content", POLICY);
        page.open("meta", "name", "color-scheme", "content", "light dark").line();
        if (refreshSeconds > 0) {
            page.open("meta", "http-equiv", "refresh", "content", Integer.toString(refreshSeconds)).line();
        }
        page.element("title", title + " \u00b7 Kinema").line().open("style");
        styles.forEach(style -> page.verbatim(resource(style)));
        page.verbatim(rules).close("style").close("head").line().open("body").open("main").line();
    }

    /** Closes what was opened, with the scripts, before which {@code data} is written. */
    void close(Markup page, Runnable data) {
        page.close("main").line();
        data.run();
        page.open("script");
        scripts.forEach(script -> page.verbatim(resource(script)));
        page.close("script").close("body").close("html").line();
    }

    private static String resource(String name) {
        try (InputStream in = PageShell.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the page's own " + name + " cannot be read", e);
        }
    }
}
