package dev.kinema.report;

import dev.kinema.report.FilmReport.Picture;
import dev.kinema.report.HierarchyReport.Kind;
import dev.kinema.report.HierarchyReport.Vocabulary;
import java.util.Locale;

/** What the films are made of: examples of each kind of event, and how the kinds follow each other. */
final class VocabularySection {
    private final Vocabulary vocabulary;
    private final Album album;
    private final EventCards cards;

    VocabularySection(Vocabulary vocabulary, Album album, EventCards cards) {
        this.vocabulary = vocabulary;
        this.album = album;
        this.cards = cards;
    }

    void writeTo(Markup page) {
        page.open("section").element("h2", "What the films are made of");
        page.element("p", "There are " + vocabulary.kinds().size()
            + " kinds of events. Their names are used on this page only, to check the "
            + "networks: no network ever gets one.");
        page.open("ul", "class", "kinds");
        for (Kind kind : vocabulary.kinds()) {
            page.open("li");
            cards.writeKind(page, kind.name());
            page.open("div", "class", "examples");
            for (Picture picture : kind.pictures()) {
                album.write(page, picture, "Example of the kind " + kind.name());
            }
            page.close("div").close("li").line();
        }
        page.close("ul");
        if (vocabulary.transitions().length > 0) {
            writeGrammar(page);
        }
        page.close("section").line();
    }

    private void writeGrammar(Markup page) {
        page.element("h3", "The secret grammar: which kind comes next", "class", "apart").element("p", "Read a row: after an event of the "
            + "kind at its left, the next event is of each kind with this probability. To guess a hidden event well, a network must find "
            + "out this table by itself.");
        page.open("div", "class", "wide").open("table", "class", "grammar").open("thead").open("tr").element("th",
            "after \u2193 comes \u2192",
            "scope", "col");
        for (Kind kind : vocabulary.kinds()) {
            page.open("th", "scope", "col");
            cards.writeKind(page, kind.name());
            page.close("th");
        }
        page.close("tr").close("thead").open("tbody").line();
        for (int i = 0; i < vocabulary.kinds().size(); i++) {
            page.open("tr").open("th", "scope", "row");
            cards.writeKind(page, vocabulary.kinds().get(i).name());
            page.close("th");
            for (double share : vocabulary.transitions()[i]) {
                page.open("td", "style", String.format(Locale.ROOT, "--share:%.3f", share)).element("span", share == 0 ? "\u00b7"
                    : Numerals.percent(share)).close("td");
            }
            page.close("tr").line();
        }
        page.close("tbody").close("table").close("div");
    }
}
