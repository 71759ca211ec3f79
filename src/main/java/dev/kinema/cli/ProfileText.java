package dev.kinema.cli;

import dev.kinema.device.Fusion;
import dev.kinema.device.Profile;
import dev.kinema.device.Profile.Cost;
import dev.kinema.device.Profile.Entry;
import dev.kinema.device.Profile.Sum;
import dev.kinema.device.ProgramStep;
import java.io.PrintWriter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A profile as text: what limits there are, then a line for each node, kind of operation and scope. */
final class ProfileText {
    private static final String HEAD = "        ms   share  GFLOP/s       MB    GB/s   roof  reorders (ms)";
    private static final String NOTHING = "-";

    private final Profile profile;
    private final double seconds;
    private final int top;
    private final String product;

    /**
     * @param top how many nodes; 0 for all
     * @param product what the peak of arithmetic was measured with
     */
    ProfileText(Profile profile, int top, String product) {
        this.profile = profile;
        this.seconds = profile.seconds();
        this.top = top;
        this.product = product;
    }

    void print(PrintWriter out, String title, String device) {
        Cost total = profile.total();
        List<Double> runs = profile.runs().stream().map(r -> (r.ended() - r.begun()) / 1e6).sorted().toList();
        out.println(title + ", " + device);
        out.printf(Locale.ROOT, "%d runs: median %.2f ms (%.2f to %.2f), %.2f GFLOP, %.1f GFLOP/s, %d reorders%n", runs.size(),
            1e3 * profile.median(), runs.get(0), runs.get(runs.size() - 1), total.flops() / 1e9, total.flops() / seconds / 1e9,
            total.reorders());
        out.printf(Locale.ROOT, "measured limits: %.1f GFLOP/s (%s), %.1f GB/s (a copy)%n",
            profile.roofline().flopsPerSecond() / 1e9, product, profile.roofline().bytesPerSecond() / 1e9);
        out.printf("%n%s  node%n", HEAD);
        shown().forEach(e -> out.println(line(e.cost()) + "  " + label(e)));
        printRest(out);
        out.printf("%n%s  operation (nodes)%n", HEAD);
        profile.byOperation().forEach(sum -> out.println(line(sum.cost()) + "  " + sum.name() + " (" + sum.nodes() + ")"));
        printRest(out);
        out.printf("%n%s  scope (nodes)%n", HEAD);
        profile.byScope().forEach(sum -> out.println(line(sum.cost()) + "  ".repeat(1 + sum.depth()) + scope(sum) + " (" + sum.nodes() + ")"));
        printRest(out);
    }

    private List<Entry> shown() {
        List<Entry> all = profile.entries();
        Comparator<Entry> shorter = Comparator.comparingDouble(e -> e.cost().seconds());
        return top == 0 ? all : all.stream().sorted(shorter.reversed()).limit(top).toList();
    }

    private static String scope(Sum sum) {
        return sum.name().isEmpty() ? "outside any scope" : sum.name().substring(sum.name().lastIndexOf('/') + 1);
    }

    private void printRest(PrintWriter out) {
        out.println(time(profile.rest()) + "  between the steps");
        out.println(time(seconds) + "  a run");
    }

    private static String label(Entry e) {
        List<String> members = Fusion.members(e.node().op());
        String kernels = e.steps().stream().map(ProgramStep::kernel).distinct().collect(Collectors.joining(", "));
        return e.name() + (members.isEmpty() ? "" : " = " + String.join(" + ", members))
            + (e.outputs().isEmpty() ? "" : " -> " + e.outputs()) + ": " + kernels
            + (e.node().scope().isEmpty() ? "" : "  # " + e.node().scope());
    }

    private String time(double time) {
        return String.format(Locale.ROOT, "%10.3f  %5.1f%%%" + (HEAD.length() - 18) + "s", 1e3 * time, 100 * time / seconds, "");
    }

    private String line(Cost cost) {
        String reorders = cost.reorders() == 0 ? NOTHING
            : String.format(Locale.ROOT, "%d (%.3f)", cost.reorders(), 1e3 * cost.reorderSeconds());
        return String.format(Locale.ROOT, "%10.3f  %5.1f%%  %7s  %7s  %6s  %5s  %13s", 1e3 * cost.seconds(), 100 * cost.seconds() / seconds,
            rate(cost.flopsPerSecond()), megabytes(cost.bytes()), rate(cost.bytesPerSecond()),
            cost.rooflineShare() == 0 ? NOTHING : String.format(Locale.ROOT, "%.0f%%", 100 * cost.rooflineShare()), reorders);
    }

    private static String megabytes(long bytes) {
        return bytes == 0 ? NOTHING : String.format(Locale.ROOT, bytes < 10_000_000 ? "%.3f" : "%.1f", bytes / 1e6);
    }

    private static String rate(double perSecond) {
        return perSecond == 0 ? NOTHING : String.format(Locale.ROOT, perSecond < 1e10 ? "%.2f" : "%.1f", perSecond / 1e9);
    }
}
