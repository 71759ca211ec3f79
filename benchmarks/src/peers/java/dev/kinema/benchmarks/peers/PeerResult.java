package dev.kinema.benchmarks.peers;

import com.google.gson.GsonBuilder;
import dev.kinema.device.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What was measured, and where.
 *
 * @param gflop of the convolutions of one clip, a multiply-add counted as two, taps in the padding included
 * @param rejectedRuns that were repeated because other processes used the processors; null where that cannot be seen
 * @param noisySamples that no quiet run was found for
 */
record PeerResult(String network, Machine machine, int threads, int rounds, double gflop, Integer rejectedRuns, Integer noisySamples,
    List<Peak> peaks, List<Entry> entries) {

    record Machine(String cpu, int processors, String os, String java, String malloc, String date) {}

    /** @param gflopPerSecond of oneDNN's 2048^3 matrix product, in the same rounds */
    record Peak(Precision precision, double gflopPerSecond, List<Double> seconds) {}

    /**
     * One engine in one setting.
     *
     * @param shareOfPeak of the matrix product in the same precision
     * @param error relative L2 distance of its features from libtorch's in fp32, contiguous
     */
    record Entry(String engine, Precision precision, double medianSeconds, double gflopPerSecond, double shareOfPeak, double error,
        List<Double> seconds) {}

    static double median(List<Double> values) {
        List<Double> sorted = values.stream().sorted().toList();
        int n = sorted.size();
        return (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
    }

    /** A table for people; "to ours" is how many times faster ours is, in the same precision. */
    String table() {
        StringBuilder text = new StringBuilder();
        text.append(String.format("%s on %s, %d threads, %d rounds%n", network, machine.cpu, threads, rounds));
        text.append(rejectedRuns == null ? "no /proc/stat: runs that others disturbed are not rejected\n"
            : String.format("%d runs were disturbed and repeated, %d samples stayed noisy%n", rejectedRuns, noisySamples));
        for (Peak peak : peaks) {
            text.append(String.format("%-5s oneDNN matmul 2048^3: %.0f GFLOP/s%n", peak.precision, peak.gflopPerSecond));
        }
        text.append(String.format("%-5s %-38s %9s %9s %9s %9s %9s%n", "", "engine", "ms", "GFLOP/s", "of peak", "to ours", "error"));
        for (Entry entry : entries) {
            text.append(String.format("%-5s %-38s %9.1f %9.0f %8.0f%% %8.2fx %9.1e%n", entry.precision, entry.engine,
                1e3 * entry.medianSeconds, entry.gflopPerSecond, 100 * entry.shareOfPeak, ratio(entry),
                entry.error));
        }
        return text.toString();
    }

    /** Median over the rounds of the engine's time over ours: a machine whose speed drifts between rounds slows both. */
    private double ratio(Entry entry) {
        Entry ours = entries.stream().filter(e -> e.precision == entry.precision && e.engine.startsWith("kinema")).findFirst().orElseThrow();
        return median(IntStream.range(0, rounds).mapToObj(i -> entry.seconds.get(i) / ours.seconds.get(i)).toList());
    }

    /** Writes the samples as JSON, and the table beside them. */
    void write(Path file) throws IOException {
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(this) + "\n");
        Files.writeString(file.resolveSibling(file.getFileName().toString().replaceFirst("\\.json$", "") + ".txt"), table());
    }
}
