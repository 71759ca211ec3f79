package dev.kinema.report;

import java.util.List;

/** The self-similarity matrix: mean-centred and as it is, with axes in time, shots along them, cuts as lines, and a pair looked at closely. */
final class MatrixSection {
    private final FilmReport report;
    private final Events events;
    private final TimeAxis axis;
    private final Pictures pictures;
    private final SceneColours colours;
    private final HeatMap centred;
    private final HeatMap raw;

    MatrixSection(FilmReport report, Events events, TimeAxis axis, Pictures pictures, SceneColours colours) {
        this.report = report;
        this.events = events;
        this.axis = axis;
        this.pictures = pictures;
        this.colours = colours;
        centred = new HeatMap("centred", SelfSimilarity.of(SelfSimilarity.centred(events.features())), events, report.duration());
        raw = new HeatMap("raw", SelfSimilarity.of(events.features()), events, report.duration());
    }

    /** The matrix that the page opens with. */
    HeatMap centred() {
        return centred;
    }

    HeatMap raw() {
        return raw;
    }

    void writeTo(Markup page) {
        page.open("section", "class", "similarity").element("h2", "Self-similarity").line();
        page.verbatim("<input type=\"radio\" name=\"view\" id=\"centred\" checked><input type=\"radio\" name=\"view\" id=\"raw\">\n");
        page.open("div", "class", "columns");
        writePlot(page);
        page.open("div", "class", "beside");
        page.open("div", "class", "choice").element("label", "Mean-centred", "for", "centred").element("label", "Raw", "for", "raw").close("div");
        page.element("p", centredText(), "class", "centred");
        page.element("p", rawText(), "class", "raw");
        centred.writeScaleTo(page);
        raw.writeScaleTo(page);
        writePair(page);
        page.close("div").close("div").close("section").line();
    }

    private String centredText() {
        return "Each cell compares two " + (events.clipsEach() > 1 ? "events" : "clips") + ": the cosine of the angle between their features, "
            + "after the film's mean feature was subtracted from each. Above 0 both differ from that mean in the same ways, below 0 in "
            + "opposite ones.";
    }

    private String rawText() {
        return "The cosine between features as the encoder gives them. Here all lie between " + raw.number(raw.similarity().least())
            + " and 1: what all clips have in common weighs most, so the colour scale covers that range only.";
    }

    private void writePlot(Markup page) {
        ShotMarks shots = new ShotMarks(report.shots(), axis, colours);
        page.open("figure", "class", report.shots().isEmpty() ? "plot bare" : "plot");
        Timeline.writeMarks(page, axis, "down");
        shots.writeBars(page, "down");
        page.open("div", "class", "matrix", "id", "matrix", "tabindex", "0", "role", "img", "aria-label",
            "Self-similarity matrix; arrow keys move over its cells");
        page.open("img", "class", "centred", "alt", "", "src", centred.picture()).open("img", "class", "raw", "alt", "", "src", raw.picture());
        shots.writeCuts(page);
        page.verbatim("<i class=\"cross-x\"></i><i class=\"cross-y\"></i><output id=\"tip\"></output>").close("div").line();
        shots.writeBars(page, "across");
        Timeline.writeMarks(page, axis, "across");
        page.element("figcaption", axis.unit()).close("figure").line();
    }

    /** Two events side by side: at first the pair most alike of those apart, then what the pointer is on. */
    private void writePair(Markup page) {
        int[] pair = mostAlike();
        page.open("div", "class", "pair", "id", "pair");
        page.element("h3", events.areApart(pair[0], pair[1])
            ? report.shots().isEmpty() ? "Most alike without a common frame" : "Most alike of two shots" : "Two events", "id", "pair-title");
        page.open("div", "class", "two");
        for (int i : pair) {
            page.open("div", "class", "one");
            pictures.write(page, events.middle(i));
            page.element("span", axis.time(events.start(i)) + sceneOf(i), "class", "when").close("div");
        }
        page.close("div").open("p", "class", "value").text("cosine ");
        page.element("b", centred.number(centred.similarity().cosine(pair[0], pair[1])), "class", "centred");
        page.element("b", raw.number(raw.similarity().cosine(pair[0], pair[1])), "class", "raw");
        page.close("p").close("div").line();
    }

    private String sceneOf(int event) {
        return events.scene(event).isEmpty() ? "" : " \u00b7 " + events.scene(event);
    }

    private int[] mostAlike() {
        int[] best = {0, events.size() - 1};
        for (int i = 0; i < events.size(); i++) {
            int self = i;
            int j = centred.similarity().nearest(i, other -> events.areApart(self, other));
            boolean first = !events.areApart(best[0], best[1]);
            if (j >= 0 && (first || centred.similarity().cosine(i, j) > centred.similarity().cosine(best[0], best[1]))) {
                best = new int[] {Math.min(i, j), Math.max(i, j)};
            }
        }
        return best;
    }

    /** What the page's script needs: times, pictures and all cosines, these as 16-bit numbers from -1 to 1, big endian, in base 64. */
    String json() {
        StringBuilder json = new StringBuilder("{\"duration\":").append(report.duration()).append(",\"events\":[");
        for (int i = 0; i < events.size(); i++) {
            json.append(i == 0 ? "" : ",").append("[").append(events.middle(i)).append(",\"").append(axis.time(events.start(i))).append("\",")
                .append(pictures.at(events.middle(i))).append(",").append(jsonString(sceneOf(i))).append(']');
        }
        json.append("]");
        for (HeatMap map : List.of(centred, raw)) {
            json.append(",\"").append(map.name()).append("\":{\"digits\":").append(map.digits()).append(",\"cosines\":\"")
                .append(map.similarity().base64()).append("\"}");
        }
        return json.append('}').toString();
    }

    private static String jsonString(String text) {
        StringBuilder json = new StringBuilder("\"");
        for (char c : text.toCharArray()) {
            if (c < ' ' || c == '"' || c == '\\') {
                json.append(String.format("\\u%04x", (int) c));
            } else {
                json.append(c);
            }
        }
        return json.append('"').toString();
    }
}
