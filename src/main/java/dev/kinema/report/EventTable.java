package dev.kinema.report;

import java.util.Locale;

/** A row for each event: when, what, and the event elsewhere in the film that is most like it. */
final class EventTable {
    private final FilmReport report;
    private final Events events;
    private final TimeAxis axis;
    private final Pictures pictures;
    private final SceneColours colours;
    private final HeatMap map;

    EventTable(FilmReport report, Events events, TimeAxis axis, Pictures pictures, SceneColours colours, HeatMap map) {
        this.report = report;
        this.events = events;
        this.axis = axis;
        this.pictures = pictures;
        this.colours = colours;
        this.map = map;
    }

    private int nearest(int event) {
        return map.similarity().nearest(event, other -> events.areApart(event, other));
    }

    void writeTo(Markup page) {
        boolean scenes = report.shots().stream().anyMatch(shot -> !shot.scene().isEmpty());
        page.open("section", "class", "events").element("h2", "Events").element("p", description() + (scenes ? " " + score() : "")).line();
        page.open("table").open("thead").open("tr");
        for (String head : new String[] {"Event", "Time", scenes ? "Scene" : null, "Nearest event elsewhere", scenes ? "Scene" : null, "Cosine"}) {
            if (head != null) {
                boolean wide = !pictures.isEmpty() && (head.equals("Event") || head.startsWith("Nearest"));
                page.element("th", head, "scope", "col", "colspan", wide ? "2" : "1", "class", head.equals("Cosine") ? "number" : "");
            }
        }
        page.close("tr").close("thead").open("tbody").line();
        for (int i = 0; i < events.size(); i++) {
            writeRow(page, i, scenes);
        }
        page.close("tbody").close("table").close("section").line();
    }

    private String description() {
        String what = events.clipsEach() == 1 ? "Every event is one clip of " + seconds(report.clipSeconds()) + " from its time on."
            : "The film is long: every event here is the mean of " + events.clipsEach() + " clips.";
        return what + " Nearest elsewhere is the event with the greatest mean-centred cosine among those "
            + (report.shots().isEmpty() ? "that share no frame with it." : "in another shot.");
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.2f s", seconds);
    }

    /** How often the nearest event shows the same scene, of those that could. */
    private String score() {
        int possible = 0;
        int missed = 0;
        int cut = 0;
        for (int i = 0; i < events.size(); i++) {
            int nearest = nearest(i);
            if (events.comesBack(i)) {
                possible++;
                if (nearest < 0 || !events.scene(nearest).equals(events.scene(i))) {
                    missed++;
                    cut += events.holdsCut(i) ? 1 : 0;
                }
            }
        }
        if (possible == 0) {
            return "";
        }
        return "Of " + possible + " events whose scene comes back in another shot, " + (possible - missed)
            + " have their nearest event in that scene" + (missed == 0 ? "." : "; " + cut + " of the " + missed
            + " others " + (cut == 1 ? "has" : "have") + " a cut inside, and so more than one scene.");
    }

    private void writeRow(Markup page, int event, boolean scenes) {
        page.open("tr").element("td", Integer.toString(event), "class", "number index");
        writePicture(page, event);
        page.element("td", axis.time(events.start(event)), "class", "number");
        writeScene(page, event, scenes);
        int nearest = nearest(event);
        if (nearest < 0) {
            int columns = 2 + (scenes ? 1 : 0) + (pictures.isEmpty() ? 0 : 1);
            page.element("td", "none", "colspan", Integer.toString(columns), "class", "none");
        } else {
            writePicture(page, nearest);
            page.element("td", axis.time(events.start(nearest)), "class", "number");
            writeScene(page, nearest, scenes);
            writeCosine(page, map.similarity().cosine(event, nearest));
        }
        page.close("tr").line();
    }

    private void writePicture(Markup page, int event) {
        if (!pictures.isEmpty()) {
            page.open("td", "class", "still");
            pictures.write(page, events.middle(event));
            page.close("td");
        }
    }

    private void writeScene(Markup page, int event, boolean scenes) {
        if (scenes) {
            page.open("td").element("b", events.scene(event), "class", "scene", "style", colours.style(events.scene(event))).close("td");
        }
    }

    private void writeCosine(Markup page, double cosine) {
        String width = String.format(Locale.ROOT, "width:%.1f%%", 100 * Math.max(0, cosine));
        page.open("td", "class", "number cosine").open("i").open("i", "style", width).close("i").close("i").text(map.number(cosine)).close("td");
    }
}
