package dev.kinema.benchmarks.memory;

import dev.kinema.KinemaException;
import dev.kinema.bench.Case;
import dev.kinema.bench.Peer;
import dev.kinema.bench.Setting;
import dev.kinema.bench.Size;
import dev.kinema.bench.Suites;
import dev.kinema.bench.TrainingStep;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * The peak of memory of a training step, ours and of other engines that train, each in a process of its own, as engines keep what they once
 * had. Usage: {@code StepMemory [full|smallest] [steps] [threads] [batch]}, then {@code [TEXT]} that a case has in its name.
 *
 * <p>A process makes a small step first, which loads libraries and their code. What is resident then is the start. It makes the step ready
 * and forgets the peak so far (making ready is no engine's own: weights and clips are copied here on their way to it); then it runs. The
 * peak of that, less the start, is the engine's: weights, moments, gradients, activations, inputs, and what its allocator keeps. Java's
 * heap is as large as it may become from the beginning, so that it is in both numbers. What an engine's weights and inputs are copied from
 * is, too: it is made before the start and held to the end, in our process as well, so that every engine starts from the same.
 *
 * <p>The status is 1 where an engine failed.
 */
public final class StepMemory {
    static final String CHILD = "child";
    static final String OURS = "Kinema";
    private static final double MEBI = 1 << 20;
    private static final String LINE = "%-24s %-5s %-48s %-16s %9s %9s%n";

    private StepMemory() {}

    public static void main(String[] args) {
        if (args.length > 0 && args[0].equals(CHILD)) {
            StepProcess.run(args);
            return;
        }
        Size size = Size.valueOf((args.length > 0 ? args[0] : "full").toUpperCase(Locale.ROOT));
        int steps = args.length > 1 ? Integer.parseInt(args[1]) : 4;
        int threads = args.length > 2 ? Integer.parseInt(args[2]) : Runtime.getRuntime().availableProcessors();
        int batch = args.length > 3 ? Integer.parseInt(args[3]) : 1;
        String only = args.length > 4 ? args[4] : "";
        boolean complete = true;
        try (Device device = Device.open("cpu", threads)) {
            System.out.printf("%s; %d steps of size %s, batch %d%n%n", device.description(), steps, size, batch);
            System.out.printf(LINE, "case", "", "engine", "malloc", "peak MiB", "of ours");
            for (Case c : cases(only)) {
                for (Precision precision : List.of(Precision.FP32, Precision.BF16)) {
                    if (device.supports(precision)) {
                        complete &= compare(new StepProcess(c, precision, size, threads, batch, steps), engines(c, precision, threads));
                    }
                }
            }
        }
        if (!complete) {
            System.exit(1);
        }
    }

    private static List<Case> cases(String only) {
        return Stream.of("programs/step-slow-d-cvrl", "programs/step-txe-masks").filter(name -> name.contains(only)).map(Suites::named)
            .toList();
    }

    /** @return whether every engine came to its end: one that does not has a line that says so, and the others theirs */
    private static boolean compare(StepProcess step, List<String> engines) {
        Map<Allocator, Long> ours = new EnumMap<>(Allocator.class);
        boolean complete = true;
        for (String engine : engines) {
            for (Allocator allocator : Allocator.values()) {
                try {
                    long bytes = step.measure(engine, allocator);
                    if (engine.equals(OURS)) {
                        ours.put(allocator, bytes);
                    }
                    Long own = ours.get(allocator);
                    print(step, engine, allocator, String.format(Locale.ROOT, "%.0f", bytes / MEBI),
                        own == null ? "-" : String.format(Locale.ROOT, "%.2fx", (double) bytes / own));
                } catch (KinemaException e) {
                    complete = false;
                    print(step, engine, allocator, "failed: " + e.getMessage(), "");
                }
            }
        }
        return complete;
    }

    private static void print(StepProcess step, String engine, Allocator allocator, String peak, String share) {
        System.out.printf(LINE, step.theCase().name(), step.precision().name().toLowerCase(Locale.ROOT), engine, allocator.words(), peak,
            share);
    }

    /** Ours first. */
    private static List<String> engines(Case c, Precision precision, int threads) {
        try (Device reference = Device.open("reference"); Peers peers = Peers.found()) {
            return Stream.concat(Stream.of(OURS), peers.trainers(small(c, reference), precision, threads).stream().map(Peer.Trainer::name))
                .toList();
        }
    }

    static TrainingStep small(Case c, Device device) {
        return c.training(new Setting(device, Precision.FP32, Size.SMALLEST)).orElseThrow();
    }

    static Setting setting(StepProcess step, Device device) {
        return new Setting(device, step.precision(), step.size(), step.batch(), Optional.empty());
    }

    /** Those on the class path. */
    record Peers(List<Peer> all) implements AutoCloseable {
        static Peers found() {
            return new Peers(ServiceLoader.load(Peer.class).stream().map(ServiceLoader.Provider::get).toList());
        }

        List<Peer.Trainer> trainers(TrainingStep step, Precision precision, int threads) {
            return all.stream().flatMap(peer -> peer.trainers(step, precision, threads).stream()).toList();
        }

        @Override
        public void close() {
            all.forEach(Peer::close);
        }
    }

    /** What glibc's malloc is told: how much it keeps of what was freed is in the resident set. */
    enum Allocator {
        /** Gives large blocks back at once. */
        DEFAULT(Map.of()),
        /** Keeps everything: what {@code benchmarks/measure} sets, as libtorch is the faster for it. */
        KEEPS(Map.of("MALLOC_MMAP_THRESHOLD_", "1073741824", "MALLOC_TRIM_THRESHOLD_", "17179869184", "MALLOC_TOP_PAD_", "268435456",
            "MALLOC_ARENA_MAX", "1"));

        private final Map<String, String> variables;

        Allocator(Map<String, String> variables) {
            this.variables = variables;
        }

        String words() {
            return this == DEFAULT ? "default" : "as when timed";
        }

        /** Into a process' environment, in place of what this process has of it. */
        void set(Map<String, String> environment) {
            environment.keySet().removeIf(name -> name.startsWith("MALLOC_"));
            environment.putAll(variables);
        }
    }
}
