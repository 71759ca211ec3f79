package dev.kinema.cli;

import dev.kinema.bench.BenchResult;
import dev.kinema.bench.Comparison;
import dev.kinema.bench.Samples;
import dev.kinema.bench.Work;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/** Results of benchmarks, and what has moved between two, as lines of text. */
final class BenchText {
    private static final String NOTHING = "-";
    private static final String LINE = "%-54s %12s %7s %9s %8s %6s %8s %9s%n";

    private final PrintWriter out;

    BenchText(PrintWriter out) {
        this.out = out;
    }

    void printHead() {
        out.printf(Locale.ROOT, LINE, "case", "median", "+-", "GFLOP/s", "GB/s", "roof", "peer", "error");
        out.flush();
    }

    /** A case, and each other engine below it. */
    void print(BenchResult.Row row) {
        Work work = row.work();
        double seconds = row.samples().median();
        out.printf(Locale.ROOT, LINE, row.key(), time(seconds), noise(row.samples()), rate(work.flops() / seconds),
            rate(work.bytes() / seconds), work.leastSeconds() == 0 ? NOTHING
            : String.format(Locale.ROOT, "%.0f%%", 100 * work.leastSeconds() / seconds),
            row.fastestPeer().map(peer -> ratio(peer.ratio())).orElse(NOTHING), error(row.error()));
        for (BenchResult.PeerRow peer : row.peers()) {
            double other = peer.samples().median();
            out.printf(Locale.ROOT, LINE, "    " + peer.name(), time(other), noise(peer.samples()), rate(work.flops() / other), NOTHING,
                NOTHING, ratio(peer.ratio()), error(peer.error()));
        }
        out.flush();
    }

    void printFoot(BenchResult result) {
        BenchResult.Machine machine = result.machine();
        out.printf("%n%s; %s; %s, %d rounds%n", machine.cpu(), machine.device(), machine.java(), result.rounds());
        result.rooflines().forEach((precision, limits) -> out.printf(Locale.ROOT,
            "measured limits in %s: %.1f GFLOP/s (a matrix product), %.1f GB/s (a copy)%n",
            precision.name().toLowerCase(Locale.ROOT), limits.flopsPerSecond() / 1e9, limits.bytesPerSecond() / 1e9));
        printRatios(result);
        if (result.disturbed() != null) {
            out.printf("%d samples were taken again since other processes disturbed them, %d stayed noisy%n", result.disturbed(),
                result.noisy());
        }
        for (BenchResult.Failure failure : result.failures()) {
            out.printf("not timed: %s%s: %s%n", failure.isOurs() ? "" : failure.engine() + " beside ", failure.key(), failure.why());
        }
        out.flush();
    }

    /** Of the fastest other engine of each case that has one. */
    private void printRatios(BenchResult result) {
        double[] ratios = result.rows().stream().flatMap(row -> row.fastestPeer().stream()).mapToDouble(BenchResult.PeerRow::ratio).toArray();
        if (ratios.length > 0) {
            double mean = Math.exp(DoubleStream.of(ratios).map(Math::log).average().orElseThrow());
            out.printf(Locale.ROOT, "the fastest other engine takes %.2fx (geometric mean of %d), at worst %.2fx; it is faster than ours in %d%n",
                mean, ratios.length, DoubleStream.of(ratios).min().orElseThrow(), DoubleStream.of(ratios).filter(r -> r < 1).count());
        }
    }

    private static String time(double seconds) {
        return seconds >= 0.1 ? String.format(Locale.ROOT, "%.1f ms", 1e3 * seconds) : seconds >= 1e-4
            ? String.format(Locale.ROOT, "%.3f ms", 1e3 * seconds) : String.format(Locale.ROOT, "%.3f us", 1e6 * seconds);
    }

    private static String noise(Samples samples) {
        return String.format(Locale.ROOT, "%.1f%%", 100 * samples.noise() / samples.median());
    }

    private static String rate(double perSecond) {
        return perSecond == 0 ? NOTHING : String.format(Locale.ROOT, perSecond < 1e10 ? "%.2f" : "%.1f", perSecond / 1e9);
    }

    private static String ratio(double ratio) {
        return String.format(Locale.ROOT, "%.2fx", ratio);
    }

    private static String error(double error) {
        return error == 0 ? "0" : String.format(Locale.ROOT, "%.1e", error);
    }

    /** What has moved, what is worse first. */
    void print(Comparison comparison) {
        comparison.machine().forEach(out::println);
        print("worse", comparison, Comparison.Verdict.WORSE);
        print("better", comparison, Comparison.Verdict.BETTER);
        list("fails now", comparison.failing());
        list("only before", comparison.gone());
        list("only now", comparison.come());
        long same = comparison.cases().stream().filter(c -> c.verdict() == Comparison.Verdict.SAME).count();
        out.printf("%d of %d cases did not move beyond their noise%n", same, comparison.cases().size());
    }

    private void print(String title, Comparison comparison, Comparison.Verdict verdict) {
        for (Comparison.Change c : comparison.cases()) {
            if (c.verdict() == verdict) {
                out.printf(Locale.ROOT, "%-7s %-54s %12s to %12s, %+.1f%% (noise %.1f%%)%s%n", title, c.key(), time(c.before()),
                    time(c.after()), 100 * (c.ratio() - 1), 100 * c.noise(),
                    c.counts().isEmpty() ? "" : "; " + String.join(", ", c.counts()));
            }
        }
    }

    private void list(String title, List<String> keys) {
        keys.forEach(key -> out.printf("%-11s %s%n", title, key));
    }
}
