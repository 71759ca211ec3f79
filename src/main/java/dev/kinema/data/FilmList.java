package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

/**
 * Films to train on or to test with, in an order that is always the same. Whether the files exist is not looked at: a list of
 * Kinetics has 240,000 lines, and whoever decodes a film will say.
 */
public final class FilmList {
    private final List<Film> films;

    private FilmList(List<Film> films) {
        this.films = films;
    }

    /**
     * Reads a list file in PySlowFast's csv format, or finds the films of a folder and the folders in it, by what {@code source} is.
     *
     * @param format how a list file is written; of no matter for a folder
     * @throws KinemaException where there is nothing to read, no film, or a film twice, and for a line that is no film's,
     *     by file, line and field
     */
    public static FilmList read(Path source, ListFormat format) {
        if (Files.isDirectory(source)) {
            return new FilmList(FilmFolder.read(source));
        }
        if (!Files.exists(source)) {
            throw new KinemaException("there is no film list or folder '" + source + "': check the path");
        }
        return new FilmList(new ListReader(source, format).read(text(source)));
    }

    private static String text(Path file) {
        try {
            // malformed bytes throw, so that no film is looked for under a name with question marks
            return Files.readString(file);
        } catch (java.nio.charset.CharacterCodingException e) {
            throw new KinemaException("the film list '" + file + "' is not written in UTF-8: convert it, with iconv for instance", e);
        } catch (IOException e) {
            throw new KinemaException("the film list '" + file + "' cannot be read (" + e + "): check the file and its permissions", e);
        }
    }

    /**
     * A list of films that are already known.
     *
     * @throws KinemaException where it is empty, or two films have the same id
     */
    public static FilmList of(List<Film> films) {
        if (films.isEmpty()) {
            throw new KinemaException("a list of no films: give at least one");
        }
        Set<String> seen = new HashSet<>();
        for (Film film : films) {
            if (!seen.add(film.id())) {
                throw new KinemaException("the film '" + film.id() + "' is in the list twice: name each film once");
            }
        }
        return new FilmList(List.copyOf(films));
    }

    /**
     * These films but for those of another list, by their ids.
     *
     * @throws KinemaException where none is left
     */
    public FilmList without(FilmList others) {
        Set<String> excluded = new HashSet<>();
        others.films.forEach(film -> excluded.add(film.id()));
        List<Film> left = films.stream().filter(film -> !excluded.contains(film.id())).toList();
        if (left.isEmpty()) {
            throw new KinemaException("all " + films.size() + " films of a list are also on the list of those to leave out: check both");
        }
        return new FilmList(left);
    }

    /**
     * Writes a list file that {@link #read} reads with this separator and no prefix: the path of a film a line, and its label where it has
     * one. The films' ids are then their paths.
     *
     * @throws KinemaException where a path has the separator or a line end in it, or the file cannot be written
     */
    public void write(Path file, String separator) {
        ListFormat format = new ListFormat(separator, Path.of(""));
        StringBuilder lines = new StringBuilder();
        for (Film film : films) {
            String path = film.path().toString();
            if (path.contains(format.separator()) || !path.equals(path.strip()) || path.lines().count() != 1) {
                throw new KinemaException("the path '" + path + "' has the separator '" + separator + "', a line end, or blanks around it:"
                    + " separate the list by something else, or move the film");
            }
            lines.append(path).append(film.isLabelled() ? separator + film.label() : "").append('\n');
        }
        AtomicFile.writeText(file, lines.toString());
    }

    /** The films, in order. */
    public List<Film> films() {
        return films;
    }

    /** How many films there are, 1 or more. */
    public int size() {
        return films.size();
    }

    /** Whether every film has a label. */
    public boolean isLabelled() {
        return films.stream().allMatch(Film::isLabelled);
    }

    /** Number of classes: the highest label and one, 0 where no film has a label. */
    public int classes() {
        return films.stream().mapToInt(Film::label).max().orElse(Film.NO_LABEL) + 1;
    }

    /**
     * SHA-256 in hexadecimal over the ids and labels in order, by which a run can tell that its list has changed. Paths do not
     * count, so that films may be moved.
     */
    public String fingerprint() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Film film : films) {
                byte[] id = film.id().getBytes(StandardCharsets.UTF_8);
                // with its length in front, no id can be taken for the end of another
                digest.update((id.length + "\n").getBytes(StandardCharsets.UTF_8));
                digest.update(id);
                digest.update((film.label() + "\n").getBytes(StandardCharsets.UTF_8));
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
