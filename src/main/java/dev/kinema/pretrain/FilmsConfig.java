package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import dev.kinema.data.ListFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Which films.
 *
 * @param list a list in PySlowFast's format, {@code path label} a line, or a folder of films
 * @param separator between path and label (PySlowFast: DATA.PATH_LABEL_SEPARATOR)
 * @param prefix in front of paths that are not absolute (PySlowFast: DATA.PATH_PREFIX); empty for none
 * @param exclude a list of films to leave out, in the same format; empty for none
 * @param maxFailed share of the films that may turn out undecodable before the run fails
 */
public record FilmsConfig(Path list, @Default("' '") String separator, @Default("''") String prefix, @Default("''") String exclude,
    @Default("0.05") double maxFailed) {
    private static final int LOOKED_AT = 100;

    public FilmsConfig {
        if (!(maxFailed >= 0 && maxFailed <= 1)) {
            throw new KinemaException("max_failed is " + maxFailed + ": it must be a share, 0 to 1");
        }
    }

    /** Reads the list. */
    FilmList read() {
        ListFormat format = new ListFormat(separator, Path.of(prefix));
        FilmList films = FilmList.read(list, format);
        return exclude.isEmpty() ? films : films.without(FilmList.read(Path.of(exclude), format));
    }

    /** Refuses a list of which no film is where it says, as under a wrong prefix: some are looked at. */
    void requireSome() {
        List<Film> films = read().films();
        int every = 1 + films.size() / LOOKED_AT;
        for (int i = 0; i < films.size(); i += every) {
            if (Files.exists(films.get(i).path())) {
                return;
            }
        }
        throw new KinemaException(list + ": none of its films that were looked at is there, such as '" + films.get(0).path()
            + "': check prefix, separator and the folder you work in");
    }

    /** Refuses a list that does not fill a batch, with {@code perFilm} of what the batch is of from each film. */
    void requireBatch(int batch, int perFilm) {
        int films = read().size();
        if ((long) films * perFilm < batch) {
            throw new KinemaException(list + " names " + films + " films" + (perFilm == 1 ? "" : ", each seen " + perFilm + " times")
                + ", fewer than the " + batch + " of a batch: lower batch, or add films");
        }
    }
}
