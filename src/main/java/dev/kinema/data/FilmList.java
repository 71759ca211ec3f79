package dev.kinema.data;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Stand-in for the reader of film lists: lines of a path and a label. */
public final class FilmList {
    private final List<Film> films;

    private FilmList(List<Film> films) {
        this.films = List.copyOf(films);
    }

    public List<Film> films() {
        return films;
    }

    public static FilmList read(Path list, ListFormat format) {
        List<Film> films = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(list)) {
                int cut = line.lastIndexOf(format.separator());
                String path = line.substring(0, cut);
                int label = Integer.parseInt(line.substring(cut + format.separator().length()));
                films.add(new Film(path, format.prefix().resolve(path), label));
            }
        } catch (IOException e) {
            throw new KinemaException(list + ": cannot be read (" + e.getMessage() + "): check the path", e);
        }
        return new FilmList(films);
    }
}
