package dev.kinema.bench;

import dev.kinema.KinemaException;
import dev.kinema.device.Precision;
import dev.kinema.device.Roofline;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A result as it grows. Where it goes on with one that was left unfinished, what is there stays, and what was being timed when that process
 * ended is timed once more, without the other engines, as one of them may have ended it; where it was alone, it failed.
 */
final class BenchDraft {
    /** Which of them it was nobody knows. */
    static final String OTHERS = "other engines";

    private final BenchRun run;
    private final QuietClock clock;
    private final BenchRun.Progress progress;
    private final BenchResult earlier;
    private final Map<Precision, Roofline> rooflines = new LinkedHashMap<>();
    private final List<BenchResult.Row> rows = new ArrayList<>();
    private final List<BenchResult.Failure> failures = new ArrayList<>();

    /**
     * @param earlier null for a run from the beginning
     * @throws KinemaException if the earlier result is of another machine, environment, version, size or number of rounds
     */
    BenchDraft(BenchRun run, QuietClock clock, BenchRun.Progress progress, BenchResult earlier) {
        this.run = run;
        this.clock = clock;
        this.progress = progress;
        this.earlier = earlier;
        if (earlier != null) {
            goOn();
        }
    }

    private void goOn() {
        BenchResult.Machine was = earlier.machine();
        BenchResult.Machine here = machine();
        if (!was.isLike(here) || !was.kinema().equals(here.kinema()) || earlier.size() != run.size() || earlier.rounds() != run.rounds()) {
            throw new KinemaException("the result to go on with is of another machine, device, environment, version, size or number of"
                + " rounds (" + earlier.rounds() + " rounds on " + was.device() + " with Kinema " + was.kinema() + " and " + was.variables()
                + "): repeat its command, or write another file");
        }
        earlier.rooflines().forEach((p, limits) -> rooflines.put(p, new Roofline(limits.flopsPerSecond(), limits.bytesPerSecond())));
        rows.addAll(earlier.rows());
        failures.addAll(earlier.failures());
        String lost = earlier.unfinished();
        if (lost != null) {
            boolean alone = isToBeAlone(lost) || run.peers().isEmpty();
            fail(lost, alone ? null : OTHERS, new KinemaException("the process ended while it was timed" + (alone ? "" : " beside them")));
        }
    }

    /** That of the earlier result, or measured now. */
    Roofline roofline(Precision precision, Supplier<Roofline> measured) {
        return rooflines.computeIfAbsent(precision, p -> measured.get());
    }

    Optional<Roofline> roofline(Precision precision) {
        return Optional.ofNullable(rooflines.get(precision));
    }

    /** Whether a case has its row, or failed. */
    boolean has(String key) {
        return rows.stream().anyMatch(row -> row.key().equals(key))
            || failures.stream().anyMatch(failure -> failure.isOurs() && failure.key().equals(key));
    }

    /** Whether a process ended while the case was timed beside other engines. */
    boolean isToBeAlone(String key) {
        return failures.stream().anyMatch(failure -> OTHERS.equals(failure.engine()) && failure.key().equals(key));
    }

    /** What is there is kept before a case begins. */
    void begin(String key) {
        progress.keep(result(key));
    }

    void add(BenchResult.Row row) {
        rows.add(row);
        progress.row(row);
    }

    /** @param engine null for ours */
    void fail(String key, String engine, RuntimeException e) {
        failures.add(new BenchResult.Failure(key, engine, e.getMessage() == null ? e.toString() : e.getMessage()));
        progress.failed(engine == null ? key : engine + " beside " + key, e);
    }

    /** @param unfinished the key of what is being timed; null at the end */
    BenchResult result(String unfinished) {
        Map<Precision, BenchResult.Limits> limits = new LinkedHashMap<>();
        rooflines.forEach((p, r) -> limits.put(p, new BenchResult.Limits(r.flopsPerSecond(), r.bytesPerSecond())));
        Integer disturbed = clock.guarded() ? clock.rejected() + before(earlier == null ? null : earlier.disturbed()) : null;
        Integer noisy = clock.guarded() ? clock.noisy() + before(earlier == null ? null : earlier.noisy()) : null;
        return new BenchResult(machine(), run.size(), run.rounds(), limits, disturbed, noisy, List.copyOf(rows), List.copyOf(failures),
            unfinished);
    }

    private static int before(Integer count) {
        return count == null ? 0 : count;
    }

    private BenchResult.Machine machine() {
        return Machines.here(run.device(), run.threads(), run.batch());
    }
}
