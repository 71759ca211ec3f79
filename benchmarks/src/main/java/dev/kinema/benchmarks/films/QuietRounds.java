package dev.kinema.benchmarks.films;

import dev.kinema.bench.QuietClock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.DoubleSupplier;

/** Numbers of some rounds, taken again where other processes disturbed them, as {@code kinema bench} does it. */
final class QuietRounds {
    /** Samples here take up to minutes each. */
    private static final int ATTEMPTS = 4;

    private final QuietClock clock = new QuietClock(ATTEMPTS);

    /** Seconds of a run that tells them. */
    double seconds(DoubleSupplier run) {
        return clock.seconds(run);
    }

    static double median(List<Double> numbers) {
        List<Double> sorted = new ArrayList<>(numbers);
        Collections.sort(sorted);
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    /** What other processes did to them, as a sentence. */
    String words() {
        return clock.guarded() ? clock.rejected() + " samples were taken again since other processes disturbed them, " + clock.noisy()
            + " stayed noisy" : "whether other processes disturbed this cannot be seen here";
    }
}
