package dev.kinema.data;

import dev.kinema.KinemaException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads PySlowFast's list format ({@code slowfast/datasets/kinetics.py}): a film a line, without a header, as {@code path},
 * {@code path label} or {@code path ignored label}.
 *
 * <p>One difference: a film without a label has none here, and label 0 there. A label of -1 also says that there is none.
 *
 * <p>A path may contain the separator where its end can be told by the ending: the path is the shortest beginning of the line that
 * ends at a separator or the line's end with a video file's ending. Where no beginning does, it is the first field.
 */
final class ListReader {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final Path file;
    private final ListFormat format;
    private final List<Film> films = new ArrayList<>();
    /** Line numbers by the place of the film. */
    private final Map<Path, Integer> lines = new HashMap<>();

    ListReader(Path file, ListFormat format) {
        this.file = file;
        this.format = format;
    }

    /** The films of the list's text, in its order. */
    List<Film> read(String text) {
        String body = text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
        int number = 0;
        for (String line : (Iterable<String>) body.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                add(line.strip(), number);
            }
        }
        if (films.isEmpty()) {
            throw new KinemaException("the film list '" + file + "' has no film in it: write one film a line, as 'path"
                + format.separator() + "label'");
        }
        return List.copyOf(films);
    }

    private void add(String line, int number) {
        int end = pathEnd(line, number);
        String id = line.substring(0, end).strip();
        int label = Film.NO_LABEL;
        if (end < line.length()) {
            String[] rest = line.substring(end + format.separator().length()).split(quotedSeparator(), -1);
            if (rest.length > 2) {
                throw new KinemaException(at(number) + "has " + (1 + rest.length) + " fields ('" + line
                    + "'), not 1 to 3: if the path contains the separator '" + format.separator()
                    + "', separate the list by something else and set the separator");
            }
            label = label(rest[rest.length - 1].strip(), number, 1 + rest.length);
        }
        Path path = path(id, number);
        Integer before = lines.put(path.normalize(), number);
        if (before != null) {
            throw new KinemaException(at(number) + "field 1: the film '" + id + "' is in line " + before + " already: remove one of the two");
        }
        films.add(new Film(id, path, label));
    }

    private String quotedSeparator() {
        return java.util.regex.Pattern.quote(format.separator());
    }

    /** Where in the line its path ends. */
    private int pathEnd(String line, int number) {
        String separator = format.separator();
        int first = line.indexOf(separator);
        if (first < 0) {
            return line.length();
        }
        if (line.substring(0, first).isBlank()) {
            throw new KinemaException(at(number) + "field 1: there is no path in '" + line + "': write the path first");
        }
        for (int end = first; end >= 0; end = line.indexOf(separator, end + separator.length())) {
            if (FilmFolder.endsAsFilm(line.substring(0, end).strip())) {
                return end;
            }
        }
        return FilmFolder.endsAsFilm(line) ? line.length() : first;
    }

    private Path path(String id, int number) {
        try {
            return format.prefix().resolve(id);
        } catch (InvalidPathException e) {
            throw new KinemaException(at(number) + "field 1: '" + id + "' is no path on this system (" + e.getReason()
                + "): correct the line", e);
        }
    }

    private int label(String text, int number, int field) {
        try {
            int label = Integer.parseInt(text);
            if (label >= Film.NO_LABEL) {
                return label;
            }
        } catch (NumberFormatException e) {
            throw new KinemaException(at(number) + badLabel(text, field), e);
        }
        throw new KinemaException(at(number) + badLabel(text, field));
    }

    private String badLabel(String text, int field) {
        return "field " + field + ": the label '" + text + "' is no class number: use 0, 1, 2 and so on, or -1 or no field at all"
            + " for a film without a label; a path that contains the separator '" + format.separator() + "' needs another one";
    }

    private String at(int number) {
        return file + ", line " + number + ": ";
    }
}
