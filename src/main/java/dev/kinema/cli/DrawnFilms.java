package dev.kinema.cli;

import dev.kinema.KinemaException;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import dev.kinema.data.ListFormat;
import dev.kinema.pretrain.FilmsConfig;
import dev.kinema.report.FilmReport.Picture;
import dev.kinema.report.HierarchyReport;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventFilmSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A set of films that are made up, in a folder of their own.
 *
 * @param set what is in the films
 * @param folder where they lie, with their list
 */
record DrawnFilms(EventFilmSet set, Path folder) {

    /**
     * Makes the films, unless they are there. The list is written last, so where it is whole the films are.
     *
     * @return whether they were made
     */
    boolean write() {
        boolean missing = !isThere();
        if (missing) {
            set.write(folder);
        }
        return missing;
    }

    private boolean isThere() {
        try {
            if (!Files.isRegularFile(list())) {
                return false;
            }
            List<String> lines = Files.readAllLines(list());
            boolean same = lines.size() == set.films();
            for (int i = 0; same && i < lines.size(); i++) {
                same = lines.get(i).split(" ")[0].equals(set.name(i)) && Files.isRegularFile(folder.resolve(set.name(i)));
            }
            return same;
        } catch (IOException e) {
            throw new KinemaException("'" + list() + "' cannot be read (" + e + "): remove it, and the films are made again", e);
        }
    }

    private Path list() {
        return folder.resolve(EventFilmSet.LIST);
    }

    /** The films as a configuration names them; every one of them must be decodable. */
    FilmsConfig config() {
        return new FilmsConfig(list(), " ", folder.toString(), "", 0);
    }

    /** The films, in their order. */
    List<Film> films() {
        return FilmList.read(list(), new ListFormat(" ", folder)).films();
    }

    /** Which of the films has that name. */
    int indexOf(String name) {
        for (int i = 0; i < set.films(); i++) {
            if (set.name(i).equals(name)) {
                return i;
            }
        }
        throw new IllegalArgumentException("no film of the set is called '" + name + "'");
    }

    /** Length of all films in seconds. */
    double seconds() {
        return set.films() * set.events() * set.format().eventSeconds();
    }

    /** The class of the event that a film shows at a time. */
    int kind(int film, double seconds) {
        return event(set.film(film), seconds).label();
    }

    /** What a film shows at a time. */
    HierarchyReport.Event at(int film, double seconds) {
        EventFilm drawn = set.film(film);
        return new HierarchyReport.Event(name(event(drawn, seconds).label()), picture(drawn, seconds));
    }

    /** A class in few words: its form without its motion. */
    static String name(int kind) {
        return EventFilm.title(kind).split(",")[0];
    }

    private static EventFilm.Event event(EventFilm film, double seconds) {
        int index = (int) Math.floor(seconds / film.format().eventSeconds());
        return film.events().get(Math.min(film.events().size() - 1, index));
    }

    private static Picture picture(EventFilm film, double seconds) {
        byte[] rgb = new byte[film.width() * film.height() * 3];
        ByteBuffer pixels = ByteBuffer.allocateDirect(rgb.length);
        film.render(Math.min(film.frames() - 1, (int) (seconds * film.frameRate())), pixels, 0);
        pixels.get(0, rgb);
        return new Picture(seconds, film.width(), film.height(), rgb);
    }
}
