package dev.kinema.data;

import dev.kinema.KinemaException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** The films of a list that cannot be decoded, in the order in which that was found, and how many there may be. */
final class Failures {
    private static final int NAMED = 5;

    private final int count;
    private final LoaderSettings settings;
    private final BitSet numbers = new BitSet();
    /** Read by other threads. */
    private volatile List<FailedFilm> films;

    /** @param known films that have failed before */
    Failures(List<Film> list, LoaderSettings settings, List<FailedFilm> known) {
        count = list.size();
        this.settings = settings;
        films = List.copyOf(known);
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < list.size() && !known.isEmpty(); i++) {
            places.put(list.get(i).id(), i);
        }
        for (FailedFilm film : known) {
            Integer place = places.get(film.id());
            if (place == null) {
                throw new KinemaException("the film '" + film.id() + "', which is known to fail, is not in the list of " + count
                    + " films: the list has changed, start anew");
            }
            numbers.set(place);
        }
    }

    /** Numbers of the films in the list, as they stand at any time. */
    BitSet numbers() {
        return numbers;
    }

    /** The films as they are now. */
    List<FailedFilm> films() {
        return films;
    }

    void add(int number, FailedFilm film) {
        numbers.set(number);
        List<FailedFilm> more = new ArrayList<>(films);
        more.add(film);
        films = List.copyOf(more);
    }

    /** Throws where there are too many of them to go on. */
    void check() {
        int failed = numbers.cardinality();
        if (failed > settings.maxFailedShare() * count) {
            throw new KinemaException(String.format(Locale.ROOT, "%d of %d films (%.2f %%) cannot be decoded, which is more than the share"
                + " of %s that may fail: %s: repair them or take them out of the list, or allow a larger share of films to fail (max_failed)",
                failed, count, 100.0 * failed / count, settings.maxFailedShare(), named()));
        }
        // where all may fail, an evaluation may come to nothing, if only it ends
        boolean allMay = settings.maxFailedShare() == 1 && settings.epochs() != LoaderSettings.FOREVER;
        int wanted = settings.dropLast() ? settings.filmsPerStep() : allMay ? 0 : 1;
        if (count - failed < wanted) {
            String all = count + (count == 1 ? " film" : " films");
            throw new KinemaException((failed == 0 ? "there are " + all : failed + " of " + all + " cannot be decoded (" + named() + ")")
                + ", and " + (wanted == 1 ? "one is needed" : "a step takes " + wanted + " (" + settings.batchesPerStep()
                + " batches of " + settings.batch() + ")") + ": add films, or use smaller batches or fewer of them per step");
        }
    }

    private String named() {
        String first = films.stream().limit(NAMED).map(film -> "'" + film.id() + "' (" + film.reason() + ")")
            .collect(Collectors.joining(", "));
        return films.size() > NAMED ? first + " and " + (films.size() - NAMED) + " more" : first;
    }
}
