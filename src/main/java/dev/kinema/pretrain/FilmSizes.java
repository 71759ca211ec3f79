package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.AtomicFile;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How large the films were that a training began with, one a line: so that films which were replaced under their names are noticed. Times of
 * change are not looked at, which copying a dataset changes, and films that are gone since say nothing: they may have been removed when the
 * training was done.
 */
final class FilmSizes {
    private static final String FILE = "films.tsv";

    private FilmSizes() {}

    /** Notes the sizes in a stage's folder, unless they were noted before. */
    static void note(Path folder, FilmList films) {
        Path file = folder.resolve(FILE);
        if (Files.exists(file)) {
            return;
        }
        StringBuilder text = new StringBuilder();
        films.films().forEach(film -> text.append(size(film)).append('\t').append(film.id()).append('\n'));
        AtomicFile.writeText(file, text.toString());
    }

    /** The first film whose size is another than was noted, in words. */
    static Optional<String> changed(Path folder, FilmList films) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Map<String, String> noted = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int tab = line.indexOf('\t');
                noted.put(line.substring(tab + 1), line.substring(0, Math.max(0, tab)));
            }
        } catch (IOException e) {
            throw new KinemaException("'" + file + "' cannot be read (" + e.getMessage() + "): check its permissions", e);
        }
        for (Film film : films.films()) {
            long now = size(film);
            String before = noted.getOrDefault(film.id(), "-1");
            if (now >= 0 && !before.equals("-1") && !before.equals(Long.toString(now))) {
                return Optional.of("film '" + film.id() + "' had " + before + " bytes and has " + now);
            }
        }
        return Optional.empty();
    }

    /** Bytes; -1 where there is no such file, which whoever decodes it will say. */
    private static long size(Film film) {
        try {
            return Files.isRegularFile(film.path()) ? Files.size(film.path()) : -1;
        } catch (IOException e) {
            throw new KinemaException("the film '" + film.path() + "' cannot be looked at (" + e.getMessage() + "): check its folder", e);
        }
    }
}
