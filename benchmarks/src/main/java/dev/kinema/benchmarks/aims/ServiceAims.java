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
    /** What the resident set may grow by in the last half and still be called flat. */
    private static final double FLAT = 0.01;
    private static final String NUMBER = "([0-9.]+)";

    private final Path results;

    ServiceAims(Path results) {
        this.results = results;
    }

    List<Aim> all() {
        List<Aim> aims = new ArrayList<>();
        aims.add(flat("10,000 requests in a row: native memory and heap stay flat, below 1% more in the last half", FILE));
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
        List<MatchResult> looks = text.all("^(\\d+) +" + NUMBER + " +" + NUMBER + " +" + NUMBER + " +" + NUMBER + " +\\d+$");
        double first = resident(looks, 1);
        double half = resident(looks, looks.size() / 2);
        double end = resident(looks, looks.size() - 1);
        double[] heap = looks.stream().skip(1).mapToDouble(look -> Double.parseDouble(look.group(4))).sorted().toArray();
        String ours = String.format(Locale.ROOT, "resident %.0f MiB after a tenth, %.0f at half, %.0f at the end; heap %.1f to %.1f MiB",
            first, half, end, heap[0], heap[heap.length - 1]);
        double grown = end / half - 1;
        return new Aim(words, ours, "16 callers", String.format(Locale.ROOT, "%+.1f%%", 100 * grown), grown < FLAT, file);
    }

    private static double resident(List<MatchResult> looks, int index) {
        return Double.parseDouble(looks.get(index).group(3));
    }

    /** The program fails where a call ends in another way than it should: that there is a line says that it is met. */
    private Aim burst(String words, String line) {
        Path path = results.resolve(FILE + ".txt");
        return Files.notExists(path) ? Aim.open(words, FILE) : KeptText.read(path).all(line).stream().findFirst()
            .map(told -> new Aim(words, told.group(1), "", "yes", true, FILE)).orElse(Aim.open(words, FILE));
    }
}
