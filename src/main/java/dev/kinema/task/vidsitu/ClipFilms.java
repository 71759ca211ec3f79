package dev.kinema.task.vidsitu;

import dev.kinema.KinemaException;
import dev.kinema.data.Film;
import dev.kinema.data.FilmList;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Clips as films of a {@link dev.kinema.data.ClipLoader}: a film's id is its clip's, and it has no label.
 *
 * @param films of the clips that have pictures, in the clips' order
 * @param missing ids of the clips that have none, in the clips' order
 */
public record ClipFilms(FilmList films, List<String> missing) {
    private static final int MOST_NAMED = 5;

    /** Copies. */
    public ClipFilms {
        missing = List.copyOf(missing);
    }

    /**
     * Finds the pictures of clips.
     *
     * @param maxMissing share of the clips, from 0 to 1, that may be left out because they have none
     * @throws KinemaException if there are no clips, more than that have no pictures, or all
     */
    public static ClipFilms of(VidSituDataset dataset, List<Clip> clips, double maxMissing) {
        if (!(maxMissing >= 0 && maxMissing <= 1)) {
            throw new IllegalArgumentException("a share of " + maxMissing + " that may be missing: it must be from 0 to 1");
        }
        if (clips.isEmpty()) {
            throw new KinemaException("no clip of '" + dataset.layout().root()
                + "' is left to be shown: check its split and what is left out");
        }
        List<Film> films = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (Clip clip : clips) {
            Optional<ClipMedia> media = dataset.media(clip);
            media.ifPresentOrElse(found -> films.add(new Film(clip.id(), found.path(), Film.NO_LABEL)), () -> missing.add(clip.id()));
        }
        if (films.isEmpty() || missing.size() > maxMissing * clips.size() + 1e-9) {
            throw new KinemaException(String.format(Locale.ROOT, "%s in '%s', and at most %s of %d may be missing: fetch their films, leave"
                + " the clips out, or allow a larger share", describe(missing), dataset.layout().root(),
                films.isEmpty() ? "not all" : String.format(Locale.ROOT, "a share of %s", maxMissing), clips.size()));
        }
        return new ClipFilms(FilmList.of(films), missing);
    }

    /** The same for what is known of clips. */
    public static ClipFilms ofSituations(VidSituDataset dataset, List<Situation> situations, double maxMissing) {
        return of(dataset, situations.stream().map(Situation::clip).toList(), maxMissing);
    }

    /** How many clips have no pictures, with the first ones' names. */
    public String describeMissing() {
        return describe(missing);
    }

    private static String describe(List<String> missing) {
        String named = String.join(", ", missing.subList(0, Math.min(MOST_NAMED, missing.size())));
        String more = missing.size() > MOST_NAMED ? " and " + (missing.size() - MOST_NAMED) + " more" : "";
        return missing.isEmpty() ? "no clip is without pictures"
            : (missing.size() == 1 ? "1 clip has" : missing.size() + " clips have") + " neither a film nor frames (" + named + more + ")";
    }
}
