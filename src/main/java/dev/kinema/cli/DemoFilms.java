package dev.kinema.cli;

import dev.kinema.report.HierarchyReport.Kind;
import dev.kinema.report.HierarchyReport.Vocabulary;
import dev.kinema.video.EventFilm;
import dev.kinema.video.EventFilmSet;
import dev.kinema.video.EventGrammar;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The films of a demo: two sets to learn from, one to see and one to expect, two such sets that are held out, and one film that is shown.
 *
 * @param grammar the order of events, which no network is told
 * @param events films of one event each, for the backbone
 * @param heldOutEvents the same kind, to test it
 * @param sequences films of several events each, in the order of the grammar, for the contextualizer
 * @param heldOutSequences the same kind, to test it
 * @param film held out, too
 * @param filmPath its file
 */
record DemoFilms(EventGrammar grammar, DrawnFilms events, DrawnFilms heldOutEvents, DrawnFilms sequences, DrawnFilms heldOutSequences,
    EventFilm film, Path filmPath) {
    private static final int CLASSES = EventFilm.DEFAULT_CLASSES;
    private static final EventFilm.Format FORMAT = EventFilm.Format.SMALL;
    /** About twice as long as a clip: two clips of one film often share little. */
    private static final double SINGLE_SECONDS = 3;
    /** Most kinds come twice. */
    private static final int EVENTS_SHOWN = 2 * CLASSES;
    private static final int EXAMPLES = 3;
    /** Sets whose seeds differ share no film. */
    private static final int SEEDS = 10;

    /** How many films there are in each set, and how many events in a sequence. */
    record Amounts(int events, int heldOutEvents, int sequences, int heldOutSequences, int length) {
        static final Amounts WHOLE = new Amounts(512, 128, 192, 48, 10);
        static final Amounts QUICK = new Amounts(32, 16, 64, 8, 6);
    }

    static DemoFilms in(Path folder, long seed, Amounts amounts) {
        long first = seed * SEEDS;
        EventGrammar grammar = EventGrammar.of(first, CLASSES);
        Path films = folder.resolve("films");
        return new DemoFilms(grammar,
            new DrawnFilms(EventFilmSet.singles(first + 1, amounts.events, CLASSES, FORMAT, SINGLE_SECONDS), films.resolve("events")),
            new DrawnFilms(EventFilmSet.singles(first + 2, amounts.heldOutEvents, CLASSES, FORMAT, SINGLE_SECONDS),
                films.resolve("events-held-out")),
            new DrawnFilms(EventFilmSet.sequences(first + 3, amounts.sequences, amounts.length, grammar, FORMAT),
                films.resolve("sequences")),
            new DrawnFilms(EventFilmSet.sequences(first + 4, amounts.heldOutSequences, amounts.length, grammar, FORMAT),
                films.resolve("sequences-held-out")),
            EventFilm.of(first + 5, grammar, EVENTS_SHOWN, FORMAT), folder.resolve("film.mp4"));
    }

    List<DrawnFilms> sets() {
        return List.of(events, heldOutEvents, sequences, heldOutSequences);
    }

    /** Makes the film. Its name does not tell which one it is, so that one that is there is made again. */
    void writeFilm() {
        film.write(filmPath);
    }

    /** Seconds of film in all. */
    double seconds() {
        return film.duration() + sets().stream().mapToDouble(DrawnFilms::seconds).sum();
    }

    int count() {
        return 1 + sets().stream().mapToInt(films -> films.set().films()).sum();
    }

    /** What the films are made of. */
    Vocabulary vocabulary() {
        List<Kind> kinds = new ArrayList<>();
        double[][] transitions = new double[CLASSES][CLASSES];
        for (int kind = 0; kind < CLASSES; kind++) {
            int label = kind;
            kinds.add(new Kind(DrawnFilms.name(kind), IntStream.range(0, EXAMPLES)
                .mapToObj(i -> events.at(i * CLASSES + label, SINGLE_SECONDS / 2).picture()).toList()));
            for (int after = 0; after < CLASSES; after++) {
                transitions[kind][after] = grammar.probability(kind, after);
            }
        }
        return new Vocabulary(kinds, transitions);
    }
}
