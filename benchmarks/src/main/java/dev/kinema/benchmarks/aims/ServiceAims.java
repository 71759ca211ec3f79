package dev.kinema.benchmarks.aims;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;

/** Aims on an encoder that many call, from what {@code ManyRequests} printed. */
final class ServiceAims {
    private static final String FILE = "many-requests";
    private static final String LONGER = "more-requests";
    /** What memory in use may grow by in the last half and still be called flat. */
    private static final double FLAT = 0.01;
    private static final String NUMBER = " +([0-9.]+)";
    private static final String OTHER = " +[0-9.]+";
    /** Requests and seconds; what is resident, and of Java's heap in use; direct buffers, threads, five parts; what is in use. */
    private static final String LOOK = "^\\d+" + OTHER + NUMBER + NUMBER + OTHER + " +\\d+" + OTHER.repeat(5) + NUMBER + "$";
    private static final int RESIDENT = 1;
    private static final int HEAP = 2;
    private static final int IN_USE = 3;

    private final Path results;

    ServiceAims(Path results) {
        this.results = results;
    }

    List<Aim> all() {
        List<Aim> aims = new ArrayList<>();
        aims.add(flat("10,000 requests in a row: memory in use, native and heap, stays flat: below 1% more in the last half", FILE));
        aims.add(flat("30,000 requests, the same", LONGER));
        aims.add(burst("64 callers at once on 2 processors: none fails, no more are worked on than may be (`ServingLoadTest`)",
            "^a film each: (none failed.*)"));
        aims.add(burst("64 clients of the example's service at once, over HTTP (`FilmServiceTest`)",
            "^64 clients of the service at once: (each had all .*)"));
        aims.add(burst("64 requests that are cancelled midway leave nothing behind (`ServingLoadTest`)",
            "^cancelled after .*: (each ended at most .*; 0 are worked on and 0 wait after it)"));
        aims.add(burst("a film that stalls meets its deadline, but ends up to 5 s after it where a read hangs (`ServingTest`); one that lies about "
            + "its length: `LyingLengthTest`",
            "^stalled, (with a deadline of .*: each ended within .*; 0 are worked on and 0 wait after it)"));
        aims.add(burst("closing during work is clean (`ServingTest`)", "^closed while .*: (closing took .*)"));
        return aims;
    }

    private Aim flat(String words, String file) {
        Path path = results.resolve(file + ".txt");
        if (Files.notExists(path)) {
            return Aim.open(words, file);
        }
        KeptText text = KeptText.read(path);
        text.first(LOOK);
        List<MatchResult> looks = text.all(LOOK);
        double half = number(looks.get(looks.size() / 2), IN_USE);
        double end = number(looks.get(looks.size() - 1), IN_USE);
        double[] heap = sorted(looks, HEAP);
        double[] resident = sorted(looks, RESIDENT);
        String ours = String.format(Locale.ROOT, "in use %.1f MiB after a tenth, %.1f at half, %.1f at the end; of it heap %.1f to %.1f; "
            + "resident %.0f to %.0f", number(looks.get(1), IN_USE), half, end, heap[0], heap[heap.length - 1], resident[0],
            resident[resident.length - 1]);
        double grown = end / half - 1;
        return new Aim(words, ours, "16 callers", String.format(Locale.ROOT, "%+.1f%%", 100 * grown), grown < FLAT, file);
    }

    /** The start left out. */
    private static double[] sorted(List<MatchResult> looks, int column) {
        return looks.stream().skip(1).mapToDouble(look -> number(look, column)).sorted().toArray();
    }

    private static double number(MatchResult look, int column) {
        return Double.parseDouble(look.group(column));
    }

    /** The program fails where a call ends in another way than it should: that there is a line says that it is met. */
    private Aim burst(String words, String line) {
        Path path = results.resolve(FILE + ".txt");
        return Files.notExists(path) ? Aim.open(words, FILE) : KeptText.read(path).all(line).stream().findFirst()
            .map(told -> new Aim(words, told.group(1), "", "yes", true, FILE)).orElse(Aim.open(words, FILE));
    }
}
