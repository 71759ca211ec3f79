package dev.kinema.report;

import dev.kinema.report.HierarchyReport.HeldOutFilm;
import dev.kinema.report.HierarchyReport.Matrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A film that no network was trained on: its shots, and how alike its events look to several networks. */
final class HeldOutSection {
    private static final long PICTURE_BYTES = 250_000;

    private final HeldOutFilm film;
    private final TimeAxis axis;
    private final SceneColours colours;
    private final Pictures pictures;
    private final List<HeatMap> maps = new ArrayList<>();

    HeldOutSection(HeldOutFilm film, SceneColours colours) {
        this.film = film;
        this.colours = colours;
        axis = new TimeAxis(film.duration());
        pictures = new Pictures(PictureBudget.fit(film.pictures(), PICTURE_BYTES));
        double least = 1;
        for (Matrix matrix : film.matrices()) {
            Events events = new Events(asFilm(matrix));
            SelfSimilarity similarity = SelfSimilarity.of(SelfSimilarity.centred(events.features()));
            least = Math.min(least, similarity.least());
            maps.add(new HeatMap("common", similarity, events, film.duration(), least));
        }
        // one colour, one cosine, in all of them
        for (int i = 0; i < maps.size(); i++) {
            maps.set(i, maps.get(i).withLeast(least));
        }
    }

    private FilmReport asFilm(Matrix matrix) {
        return new FilmReport(matrix.title(), film.duration(), matrix.clipSeconds(), matrix.starts(), matrix.features(), film.shots(),
            List.of(),
            List.of(), Map.of());
    }

    /** The rules that hold the film's pictures. */
    String css() {
        return pictures.css();
    }

    void writeTo(Markup page) {
        page.open("section").element("h2", "A film that neither network has seen");
        // the strip needs the film's shots only
        Matrix none = new Matrix("", "", film.duration(), new double[] {0}, new float[][] {{0}});
        if (!film.shots().isEmpty() || !pictures.isEmpty()) {
            new Timeline(asFilm(none), axis, pictures, colours).writeStripTo(page);
        }
        if (!film.matrices().isEmpty()) {
            writeMatrices(page);
        }
        page.close("section").line();
    }

    private void writeMatrices(Markup page) {
        page.element("h3", "How alike its moments look", "class", "apart").element("p",
            "Both ways runs the time of the film. A cell compares two "
            + "moments: bright where their features agree, dark where they differ. The coloured bars name the kind of event. A network "
            + "that knows the kinds shows bright squares wherever two bars have the same colour, and dark ones elsewhere.");
        page.open("div", "class", "matrices").line();
        for (int i = 0; i < maps.size(); i++) {
            Matrix matrix = film.matrices().get(i);
            page.open("div", "class", "one").element("h3", matrix.title());
            writePlot(page, matrix, maps.get(i));
            page.element("p", matrix.text() + score(maps.get(i)), "class", "note").close("div").line();
        }
        page.close("div").open("div", "class", "key");
        maps.get(0).writeScaleTo(page);
        page.element("p", "cosine, after the film's mean feature was subtracted: " + axis.unit() + " run along both sides", "class",
            "note");
        page.close("div");
    }

    private void writePlot(Markup page, Matrix matrix, HeatMap map) {
        ShotMarks shots = new ShotMarks(film.shots(), axis, colours);
        page.open("figure", "class", film.shots().isEmpty() ? "plot bare" : "plot");
        Timeline.writeMarks(page, axis, "down");
        shots.writeBars(page, "down");
        page.open("div", "class", "matrix still", "role", "img", "aria-label", "Self-similarity matrix of the film: " + matrix.title() + "."
            + score(map));
        page.open("img", "alt", "", "src", map.picture());
        shots.writeCuts(page);
        page.close("div").line();
        shots.writeBars(page, "across");
        Timeline.writeMarks(page, axis, "across");
        page.close("figure").line();
    }

    /** How often the nearest event elsewhere is of the same kind, of those events whose kind comes back. */
    private static String score(HeatMap map) {
        Events events = map.events();
        int possible = 0;
        int found = 0;
        for (int i = 0; i < events.size(); i++) {
            int self = i;
            int nearest = map.similarity().nearest(i, other -> events.areApart(self, other));
            if (events.comesBack(i)) {
                possible++;
                found += nearest >= 0 && events.scene(nearest).equals(events.scene(i)) ? 1 : 0;
            }
        }
        return possible == 0 ? "" : " Of " + possible + " moments whose kind comes back in another shot, " + found
            + " have their nearest moment in that kind.";
    }
}
