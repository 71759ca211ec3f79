package dev.kinema.report;

import dev.kinema.report.FilmReport.Shot;
import java.util.List;

/** What names and parts the shots of a film along the sides of a matrix and in it. */
final class ShotMarks {
    /** A shot that takes a smaller share of the film has no room for its scene's name. */
    private static final double NAMED_SHARE = 0.03;
    /** A bar is as wide as two letters; longer names are the film strip's to show. */
    private static final int LONGEST_NAME = 2;

    private final List<Shot> shots;
    private final TimeAxis axis;
    private final SceneColours colours;

    ShotMarks(List<Shot> shots, TimeAxis axis, SceneColours colours) {
        this.shots = shots;
        this.axis = axis;
        this.colours = colours;
    }

    /** Bars in the colours of the scenes, {@code across} or {@code down}. */
    void writeBars(Markup page, String direction) {
        page.open("div", "class", "shots " + direction);
        String start = direction.equals("across") ? "left:" : "top:";
        String size = direction.equals("across") ? ";width:" : ";height:";
        for (Shot shot : shots) {
            boolean named = shot.end() - shot.start() > axis.seconds() * NAMED_SHARE && shot.scene().length() <= LONGEST_NAME;
            page.element("b", named ? shot.scene() : "", "style", start + axis.percent(shot.start()) + size
                + axis.percent(shot.end() - shot.start()) + ";" + colours.style(shot.scene()));
        }
        page.close("div").line();
    }

    /** Lines at the cuts, over a picture of the matrix. */
    void writeCuts(Markup page) {
        String end = Double.toString(axis.seconds());
        page.open("svg", "viewBox", "0 0 " + end + " " + end, "preserveAspectRatio", "none", "aria-hidden", "true");
        StringBuilder path = new StringBuilder();
        for (Shot shot : shots.subList(Math.min(1, shots.size()), shots.size())) {
            path.append('M').append(shot.start()).append(" 0V").append(end).append("M0 ").append(shot.start()).append('H').append(end);
        }
        // dark below light: to be seen on any colour
        page.open("path", "d", path.toString(), "class", "under").close("path").open("path", "d", path.toString(),
            "class", "over").close("path");
        page.close("svg");
    }
}
