package dev.kinema.bench;

import dev.kinema.KinemaException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/**
 * What has moved between two results of one machine. A time has, where the medians differ by more than the
 * {@linkplain Samples#noise noise} of both, and by more than a floor, a share that stands for what differs from process to process (where
 * memory lies, how the processors are clocked) and that no samples of one process show. A count has, where it is another.
 *
 * @param floor the least share that counts, such as 0.05
 * @param cases those of both results
 * @param gone cases that only the earlier result has, and that did not fail in the later one
 * @param come cases that only the later one has
 * @param failing cases that fail now and did not before, whether they were there or not
 * @param machine what is other about the machine itself, each in a sentence: another Java or operating system, or limits of its own that
 *     moved beyond the floor; times may have moved with it
 */
public record Comparison(double floor, List<Change> cases, List<String> gone, List<String> come, List<String> failing,
    List<String> machine) {
    /** What a case has done. */
    public enum Verdict {
        /** Less time, or fewer launches, reorders or bytes at no more time. */
        BETTER,
        SAME,
        /** More time, or more launches, reorders or bytes at no less time. */
        WORSE
    }

    /**
     * A case of both results.
     *
     * @param before median seconds
     * @param after median seconds
     * @param noise the share of {@code before} that a difference must exceed
     * @param counts those that moved, as "steps 56 to 57"
     */
    public record Change(String key, double before, double after, double noise, Verdict verdict, List<String> counts) {
        /** Above 1 where it takes longer now. */
        public double ratio() {
            return after / before;
        }
    }

    /** @throws KinemaException if the results are of different machines, devices, environments or sizes, or one was left unfinished */
    public static Comparison of(BenchResult before, BenchResult after, double floor) {
        refuseUnfinished("earlier", before);
        refuseUnfinished("later", after);
        if (before.size() == Size.SMALLEST) {
            throw new KinemaException("times of --smallest mean nothing: measure without it to compare");
        }
        if (!before.machine().isLike(after.machine()) || before.size() != after.size()) {
            throw new KinemaException("results of different machines, environments or sizes say nothing about a change: one is of "
                + place(before) + ", the other of " + place(after) + "; measure both at one place");
        }
        Map<String, BenchResult.Row> earlier = new LinkedHashMap<>();
        before.rows().forEach(row -> earlier.put(row.key(), row));
        List<Change> changes = new ArrayList<>();
        List<String> come = new ArrayList<>();
        for (BenchResult.Row row : after.rows()) {
            BenchResult.Row old = earlier.remove(row.key());
            if (old == null) {
                come.add(row.key());
            } else {
                changes.add(change(old, row, floor));
            }
        }
        Set<String> failed = failed(after);
        earlier.keySet().removeAll(failed);
        List<String> failing = failed.stream().filter(key -> !failed(before).contains(key)).toList();
        return new Comparison(floor, changes, List.copyOf(earlier.keySet()), come, failing, machine(before, after, floor));
    }

    private static void refuseUnfinished(String which, BenchResult result) {
        if (result.unfinished() != null) {
            throw new KinemaException("the " + which + " result is of a run that ended while it timed " + result.unfinished()
                + ", and lacks what was to come: give its command again with --continue");
        }
    }

    /** Cases of ours, in their order. */
    private static Set<String> failed(BenchResult result) {
        return result.failures().stream().filter(BenchResult.Failure::isOurs).map(BenchResult.Failure::key)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static String place(BenchResult result) {
        BenchResult.Machine m = result.machine();
        return m.cpu() + ", " + m.device() + ", " + m.threads() + " threads, batch " + m.batch() + ", size " + result.size()
            + ", variables " + m.variables();
    }

    private static Change change(BenchResult.Row old, BenchResult.Row row, double floor) {
        double before = old.samples().median();
        double after = row.samples().median();
        double noise = Math.max(floor, (old.samples().noise() + row.samples().noise()) / before);
        int time = Math.abs(after - before) <= noise * before ? 0 : after < before ? -1 : 1;
        List<String> moved = new ArrayList<>();
        boolean more = false;
        boolean fewer = false;
        if (old.counts() != null && row.counts() != null) {
            for (Map.Entry<String, ToLongFunction<Counts>> count : counted().entrySet()) {
                long was = count.getValue().applyAsLong(old.counts());
                long is = count.getValue().applyAsLong(row.counts());
                if (is != was) {
                    moved.add(count.getKey() + " " + was + " to " + is);
                }
                more |= is > was;
                fewer |= is < was;
            }
        }
        Verdict verdict = time > 0 || time == 0 && more ? Verdict.WORSE : time < 0 || fewer ? Verdict.BETTER : Verdict.SAME;
        return new Change(row.key(), before, after, noise, verdict, moved);
    }

    private static Map<String, ToLongFunction<Counts>> counted() {
        Map<String, ToLongFunction<Counts>> counted = new LinkedHashMap<>();
        counted.put("steps", Counts::steps);
        counted.put("reorders", Counts::reorders);
        counted.put("moved bytes", Counts::movedBytes);
        counted.put("planned bytes", Counts::plannedBytes);
        counted.put("held bytes", Counts::heldBytes);
        return counted;
    }

    private static List<String> machine(BenchResult before, BenchResult after, double floor) {
        List<String> moved = new ArrayList<>();
        note(moved, "Java", before.machine().java(), after.machine().java());
        note(moved, "system", before.machine().system(), after.machine().system());
        before.rooflines().forEach((precision, was) -> Optional.ofNullable(after.rooflines().get(precision)).ifPresent(is -> {
            note(moved, "a matrix product in " + precision, "GFLOP/s", was.flopsPerSecond(), is.flopsPerSecond(), floor);
            note(moved, "a copy in " + precision, "GB/s", was.bytesPerSecond(), is.bytesPerSecond(), floor);
        }));
        return moved;
    }

    private static void note(List<String> moved, String what, String was, String is) {
        if (!Objects.equals(was, is)) {
            moved.add("the machine itself: its " + what + " was " + was + ", and is " + is + " now; times may differ by that alone");
        }
    }

    private static void note(List<String> moved, String what, String unit, double was, double is, double floor) {
        if (Math.abs(is / was - 1) > floor) {
            moved.add(String.format(Locale.ROOT, "the machine itself: %s reached %.1f %s, and now %.1f", what, was / 1e9, unit, is / 1e9));
        }
    }

    /**
     * Whether anything is worse: a case that moved so, one that fails now, or one that is gone.
     *
     * @param part whether the later result is meant to have a part of the cases alone: then none is missed
     */
    public boolean isRegression(boolean part) {
        return !failing.isEmpty() || !part && !gone.isEmpty() || cases.stream().anyMatch(c -> c.verdict() == Verdict.WORSE);
    }
}
