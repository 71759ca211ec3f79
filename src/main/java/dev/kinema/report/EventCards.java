package dev.kinema.report;

import dev.kinema.report.HierarchyReport.Event;
import dev.kinema.report.HierarchyReport.Found;
import java.util.List;
import java.util.Locale;

/** Rows of pictures of events, with what kind each is. */
final class EventCards {
    private final Album album;
    private final SceneColours colours;

    EventCards(Album album, SceneColours colours) {
        this.album = album;
        this.colours = colours;
    }

    /** A kind's name on its colour. */
    void writeKind(Markup page, String kind) {
        page.element("b", kind, "class", "scene", "style", colours.style(kind));
    }

    /** An event as it is. */
    void write(Markup page, Event event, String what) {
        page.open("li", "class", "card");
        album.write(page, event.picture(), what + ", of the kind " + event.kind());
        page.open("span", "class", "label");
        writeKind(page, event.kind());
        page.close("span").close("li");
    }

    /** An event that the network did not see: a blank. */
    void writeHidden(Markup page, boolean asked) {
        page.open("li", "class", asked ? "card hidden asked" : "card hidden");
        page.open("i", "class", "picture", "role", "img", "aria-label", asked ? "A hidden event, the one to guess" : "A hidden event");
        page.text(asked ? "?" : "").close("i").element("span", asked ? "hidden: guess it" : "hidden too", "class", "label").close("li");
    }

    /** Events that were retrieved: whether each is of the kind wanted is said by a word, a sign, a border and its colour. */
    void writeFound(Markup page, String title, List<Found> found, String kind) {
        page.open("div", "class", "found").element("h4", title).open("ul", "class", "cards");
        for (Found one : found) {
            boolean same = one.event().kind().equals(kind);
            page.open("li", "class", same ? "card same" : "card other");
            album.write(page, one.event().picture(), "Retrieved event of the kind " + one.event().kind());
            page.open("span", "class", "label");
            writeKind(page, one.event().kind());
            page.element("span", cosine(one.cosine()), "class", "cosine", "title", "cosine").close("span");
            page.element("span", same ? "\u2713 same kind" : "\u2717 another kind", "class", "verdict").close("li");
        }
        page.close("ul").close("div").line();
    }

    private static String cosine(double cosine) {
        return String.format(Locale.ROOT, "%.2f", cosine).replaceFirst("^-(?=[0.]*$)", "").replace('-', '\u2212');
    }
}
