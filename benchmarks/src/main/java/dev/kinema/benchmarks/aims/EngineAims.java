package dev.kinema.benchmarks.aims;

import dev.kinema.KinemaException;
import dev.kinema.bench.BenchResult;
import dev.kinema.bench.Samples;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Aims beside other engines, from what {@code benchmarks/measure} wrote. */
final class EngineAims {
    private static final String FEATURE = "programs/embed-slow-d ";
    private static final String EAGER = "libtorch \\S+ contiguous";
    private static final String LIBTORCH = "libtorch .*";
    private static final List<Ratio> FEATURES = List.of(
        new Ratio("features, one clip of 16 x 224 x 224, fp32: 1.4x libtorch eager, contiguous", "slow-d", FEATURE, "fp32", EAGER, "fp32",
            1.4),
        new Ratio("the same: 1.1x libtorch at its best (channels last, norms folded, TorchScript)", "slow-d", FEATURE, "fp32", LIBTORCH,
            "fp32", 1.1),
        new Ratio("the same: 1.4x ONNX Runtime", "slow-d", FEATURE, "fp32", "ONNX Runtime .*", "fp32", 1.4),
        new Ratio("bf16: 2.7x libtorch eager fp32, of two rows", "slow-d", FEATURE, "bf16", EAGER, "fp32", 2.7),
        new Ratio("bf16: 1.1x libtorch's best bf16", "slow-d", FEATURE, "bf16", LIBTORCH, "bf16", 1.1),
        new Ratio("int8: 4x libtorch eager fp32", "slow-d", FEATURE, "int8", EAGER, "int8", 4));
    private static final List<Ratio> STEPS = List.of(
        new Ratio("training step of Slow-D (CVRL), fp32: 1.3x libtorch eager", "steps", "programs/step-slow-d-cvrl ", "fp32",
            "libtorch \\S+ eager", "fp32", 1.3),
        new Ratio("the same, bf16: 1.1x libtorch's best bf16 step", "steps", "programs/step-slow-d-cvrl ", "bf16", LIBTORCH, "bf16", 1.1),
        new Ratio("training step of TxE (65,536 keys), fp32; no aim", "steps", "programs/step-txe-masks ", "fp32", LIBTORCH, "fp32", 0),
        new Ratio("the same, bf16; no aim", "steps", "programs/step-txe-masks ", "bf16", LIBTORCH, "bf16", 0));

    private final Path results;

    EngineAims(Path results) {
        this.results = results;
    }

    List<Aim> features() {
        return FEATURES.stream().map(this::aim).toList();
    }

    List<Aim> steps() {
        return STEPS.stream().map(this::aim).toList();
    }

    /**
     * @param engine a pattern of its name; of several the fastest counts
     * @param theirs the precision of the row that it is beside in: int8's other engines compute in fp32
     * @param least times as long as ours; 0 for no aim
     */
    private record Ratio(String words, String file, String program, String ours, String engine, String theirs, double least) {}

    private Aim aim(Ratio ratio) {
        Path file = results.resolve(ratio.file + ".json");
        if (Files.notExists(file)) {
            return Aim.open(ratio.words, ratio.file);
        }
        BenchResult result = BenchResult.read(file);
        BenchResult.Row ours = row(result, ratio.program + ratio.ours, file);
        BenchResult.PeerRow peer = row(result, ratio.program + ratio.theirs, file).peers().stream()
            .filter(row -> row.name().matches(ratio.engine)).min(Comparator.comparingDouble(BenchResult.PeerRow::ratio))
            .orElseThrow(() -> new KinemaException(file + " has no '" + ratio.engine + "' beside " + ratio.program + ratio.theirs
                + ": measure it with the profile peers"));
        double reached = ratio.ours.equals(ratio.theirs) ? peer.ratio() : peer.samples().median() / ours.samples().median();
        return new Aim(ratio.words, time(ours.samples()), peer.name() + ": " + time(peer.samples()),
            String.format(Locale.ROOT, "%.2fx", reached), reached >= ratio.least, ratio.file);
    }

    private static BenchResult.Row row(BenchResult result, String key, Path file) {
        return result.rows().stream().filter(row -> row.key().equals(key)).findFirst()
            .orElseThrow(() -> new KinemaException(file + " has no row " + key + ": measure it"));
    }

    private static String time(Samples samples) {
        double median = samples.median();
        return String.format(Locale.ROOT, median < 1 ? "%.1f ms ± %.1f%%" : "%.0f ms ± %.1f%%", 1e3 * median,
            100 * samples.noise() / median);
    }
}
