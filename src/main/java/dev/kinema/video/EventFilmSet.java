package dev.kinema.video;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * A set of {@link EventFilm}s to learn from. Either each film is of one event, or each is of several in the order of a grammar. The seed
 * decides all; sets with different seeds share no film, so that one may be trained on and another held out.
 *
 * @param seed of the set
 * @param films how many
 * @param classes of events; in a set of single events film i is of class {@code i % classes}, so that all are equally frequent
 * @param events in a film
 * @param grammar the order of events; empty where a film is of one
 * @param format of all films
 */
public record EventFilmSet(long seed, int films, int classes, int events, Optional<EventGrammar> grammar, EventFilm.Format format) {
    /** Name of the list among the films. */
    public static final String LIST = "films.csv";

    /** Checks the numbers. */
    public EventFilmSet {
        EventFilm.checkClasses(classes);
        if (films < 1 || events < 1 || grammar.isEmpty() && events != 1) {
            throw new IllegalArgumentException("a set of " + films + " films of " + events + " events"
                    + (grammar.isEmpty() ? " without a grammar" : "") + ": both must be above 0, and several events need a grammar");
        }
    }

    /** Films of one event each, {@code seconds} long. */
    public static EventFilmSet singles(long seed, int films, int classes, EventFilm.Format format, double seconds) {
        return new EventFilmSet(seed, films, classes, 1, Optional.empty(), format.withEventSeconds(seconds));
    }

    /** Films of {@code events} events each, in the order of a grammar. */
    public static EventFilmSet sequences(long seed, int films, int events, EventGrammar grammar, EventFilm.Format format) {
        return new EventFilmSet(seed, films, grammar.classes(), events, Optional.of(grammar), format);
    }

    /** Film {@code i}, counted from 0. */
    public EventFilm film(int i) {
        check(i);
        // the set's generator i steps on: what a step adds to its state is this constant, so that no film waits for those before
        long filmSeed = new SplittableRandom(seed + i * 0x9E3779B97F4A7C15L).nextLong();
        return grammar.map(rules -> EventFilm.of(filmSeed, rules, events, format))
                .orElseGet(() -> EventFilm.single(filmSeed, i % classes, format));
    }

    /** Name of the file of film {@code i}; the seed is in it, so that names are unique over sets. */
    public String name(int i) {
        check(i);
        return String.format(Locale.ROOT, "events-%d-%05d.mp4", seed, i);
    }

    /**
     * Writes all films into a folder, which is made if it is not there, and then their list in PySlowFast's csv format: the file's name
     * and, in a set of single events, the class. Names are relative to the folder. What has the names of the films is replaced.
     *
     * @return the list
     * @throws KinemaException if something cannot be written, or the thread is interrupted
     */
    public Path write(Path folder) {
        StringBuilder list = new StringBuilder();
        Path file = folder.resolve(LIST);
        try {
            Files.createDirectories(folder);
            // a list of films that are not all there would deceive
            Files.deleteIfExists(file);
            for (int i = 0; i < films; i++) {
                film(i).write(folder.resolve(name(i)));
                list.append(name(i)).append(grammar.isPresent() ? "" : " " + i % classes).append('\n');
            }
            Files.writeString(file, list);
        } catch (IOException e) {
            throw new KinemaException("cannot write the list '" + file + "' (" + e.getClass().getSimpleName() + ": " + e.getMessage()
                    + "): check that the folder may be written to", e);
        }
        return file;
    }

    /** The classes' names in words, by class. */
    public List<String> titles() {
        return IntStream.range(0, classes).mapToObj(EventFilm::title).toList();
    }

    private void check(int i) {
        if (i < 0 || i >= films) {
            throw new IllegalArgumentException("film " + i + " of " + films + ": films are counted from 0");
        }
    }
}
