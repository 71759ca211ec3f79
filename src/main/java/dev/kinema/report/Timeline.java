package dev.kinema.report;

import dev.kinema.report.FilmReport.Shot;
import java.util.ArrayList;
import java.util.List;

/** The film from left to right: a picture of each shot, as wide as the shot is long, its scene, and the time below. */
final class Timeline {
    /** Where shots are not known, the film is shown in as many equal parts. */
    private static final int PARTS = 10;
    /** A shot that takes a smaller share of the film has no room for its scene's name. */
    private static final double NAMED_SHARE = 0.025;

    private final FilmReport report;
    private final TimeAxis axis;
    private final Pictures pictures;
    private final SceneColours colours;

    Timeline(FilmReport report, TimeAxis axis, Pictures pictures, SceneColours colours) {
        this.report = report;
        this.axis = axis;
        this.pictures = pictures;
        this.colours = colours;
    }

    void writeTo(Markup page) {
        if (report.shots().isEmpty() && pictures.isEmpty()) {
            return;
        }
        page.open("section", "class", "timeline").element("h2", report.shots().isEmpty() ? "The film" : "Shots").line();
        writeStripTo(page);
        page.close("section").line();
    }

    /** The strip alone, to stand in a section of another name. */
    void writeStripTo(Markup page) {
        page.open("div", "class", "strip");
        for (Shot shot : report.shots().isEmpty() ? parts() : report.shots()) {
            String from = axis.time(shot.start());
            String label = (shot.scene().isEmpty() ? "" : "Scene " + shot.scene() + ", ") + from + " to " + axis.time(shot.end());
            page.open("div", "class", "shot", "style", place(shot) + colours.style(shot.scene()), "title", label, "role", "img",
                "aria-label", label);
            pictures.write(page, (shot.start() + shot.end()) / 2);
            if (!report.shots().isEmpty()) {
                page.element("b", (shot.end() - shot.start()) / report.duration() < NAMED_SHARE ? "" : shot.scene());
            }
            page.close("div").line();
        }
        page.close("div");
        writeMarks(page, axis, "across");
    }

    private String place(Shot shot) {
        return "left:" + axis.percent(shot.start()) + ";width:" + axis.percent(shot.end() - shot.start()) + ";";
    }

    private List<Shot> parts() {
        List<Shot> parts = new ArrayList<>();
        for (int i = 0; i < PARTS; i++) {
            parts.add(new Shot(report.duration() * i / PARTS, report.duration() * (i + 1) / PARTS, ""));
        }
        return parts;
    }

    /** The marks of an axis that runs {@code across} or {@code down}. */
    static void writeMarks(Markup page, TimeAxis axis, String direction) {
        page.open("div", "class", "marks " + direction, "aria-hidden", "true");
        for (double mark : axis.marks()) {
            page.element("span", axis.label(mark), "style", (direction.equals("across") ? "left:" : "top:") + axis.percent(mark));
        }
        page.close("div").line();
    }
}
