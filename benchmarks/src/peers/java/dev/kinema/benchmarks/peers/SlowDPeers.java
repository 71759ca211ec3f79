package dev.kinema.benchmarks.peers;

import dev.kinema.KinemaException;
import dev.kinema.bench.QuietClock;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Philox;
import dev.kinema.graph.op.Conv3d;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Forward pass of Slow-D with 50 layers on one clip 16x224x224, our engine beside libtorch: same weights, same threads, one process,
 * rounds interleaved, medians.
 */
@Command(name = "SlowDPeers", mixinStandardHelpOptions = true, description = "Times Slow-D forward in Kinema and in libtorch.")
public final class SlowDPeers implements Callable<Integer> {
    /** Rounding differs by the order of sums: fp32 engines agree to a few unit roundoffs times the square root of the depth. */
    private static final double FP32_BOUND = 1e-5;
    /** 54 layers, each rounding its output to 8 bits: some 4e-3 each, averaging out over the 392 positions that are pooled. */
    private static final double BF16_BOUND = 2e-2;
    private static final int WARM_UP = 2;
    private static final int ATTEMPTS = 25;
    private static final long SEED = 1;

    @Option(names = "--threads", description = "threads of every engine (default: all processors)")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(names = "--rounds", description = "samples of each engine (default: ${DEFAULT-VALUE})")
    private int rounds = 9;

    @Option(names = "--out", description = "where the JSON goes (default: ${DEFAULT-VALUE})")
    private Path out = Path.of("benchmarks/results/slow-d-forward.json");

    private final QuietClock clock = new QuietClock(ATTEMPTS);
    private final List<Contestant> contestants = new ArrayList<>();
    private final Map<Precision, MatmulPeak> peaks = new EnumMap<>(Precision.class);

    public static void main(String... args) {
        System.exit(new CommandLine(new SlowDPeers()).execute(args));
    }

    @Override
    public Integer call() throws IOException {
        try (Device device = Device.open("cpu", threads)) {
            torch.set_num_threads(threads);
            enter(device);
            double[] errors = contestants.stream().mapToDouble(this::errorAfterWarmUp).toArray();
            PeerResult result = measure(errors);
            System.out.print(result.table());
            result.write(out);
            contestants.forEach(Contestant::close);
            peaks.values().forEach(MatmulPeak::close);
        }
        return 0;
    }

    private void enter(Device device) {
        Graph graph = KinemaSlowD.graph();
        SlowDWeights weights = SlowDWeights.of(graph, SEED);
        float[] clip = new float[(int) graph.inputs().get("clips").shape().elements()];
        Philox random = Philox.named(SEED, "clips");
        for (int i = 0; i < clip.length; i++) {
            clip[i] = (float) random.normal(i);
        }
        for (Precision precision : CpuDevice.hasBf16() ? List.of(Precision.FP32, Precision.BF16) : List.of(Precision.FP32)) {
            peaks.put(precision, new MatmulPeak(precision));
            for (LibtorchSlowD.Setting setting : LibtorchSlowD.Setting.values()) {
                contestants.add(new LibtorchSlowD(setting, precision, weights.values(), clip));
            }
            contestants.add(new KinemaSlowD(device, precision, weights, clip));
        }
    }

    private double errorAfterWarmUp(Contestant contestant) {
        for (int i = 0; i < WARM_UP; i++) {
            contestant.run();
        }
        double error = distance(contestants.get(0).features(), contestant.features());
        double bound = contestant.precision() == Precision.FP32 ? FP32_BOUND : BF16_BOUND;
        if (!(error <= bound)) {
            throw new KinemaException(contestant.name() + " in " + contestant.precision() + " is off libtorch's fp32 features by " + error
                + ", more than " + bound + ": its time means nothing until they agree");
        }
        return error;
    }

    /** |a - b| / |a| in the 2-norm. */
    private static double distance(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            difference += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
            norm += (double) a[i] * a[i];
        }
        return Math.sqrt(difference / norm);
    }

    private PeerResult measure(double[] errors) throws IOException {
        Map<Object, Runnable> runs = new LinkedHashMap<>();
        peaks.values().forEach(peak -> runs.put(peak, peak::run));
        contestants.forEach(contestant -> runs.put(contestant, contestant::run));
        Map<Object, List<Double>> samples = new LinkedHashMap<>();
        runs.keySet().forEach(key -> samples.put(key, new ArrayList<>()));
        List<Object> order = new ArrayList<>(runs.keySet());
        for (int round = 0; round < rounds; round++) {
            order.forEach(key -> samples.get(key).add(clock.seconds(() -> timed(runs.get(key)))));
            Collections.rotate(order, 1); // nobody always follows the same neighbour's caches
            System.err.printf("round %d of %d, %d runs repeated%n", round + 1, rounds, clock.rejected());
        }
        Map<Precision, Double> rates = new EnumMap<>(Precision.class);
        peaks.forEach((precision, peak) -> rates.put(precision, 1e-9 * MatmulPeak.FLOPS / PeerResult.median(samples.get(peak))));
        double gflop = 1e-9 * KinemaSlowD.graph().nodes().stream().filter(node -> node.op() instanceof Conv3d).mapToLong(Node::flops).sum();
        List<PeerResult.Entry> entries = new ArrayList<>();
        for (int i = 0; i < contestants.size(); i++) {
            Contestant c = contestants.get(i);
            List<Double> own = samples.get(c);
            List<Double> peak = samples.get(peaks.get(c.precision()));
            double seconds = PeerResult.median(own);
            double share = PeerResult.median(IntStream.range(0, rounds)
                .mapToObj(r -> gflop / own.get(r) / (1e-9 * MatmulPeak.FLOPS / peak.get(r))).toList());
            entries.add(new PeerResult.Entry(c.name(), c.precision(), seconds, gflop / seconds, share, errors[i], own));
        }
        return new PeerResult("Slow-D R50 forward, 1x16x224x224x3", machine(), threads, rounds, gflop,
            clock.guarded() ? clock.rejected() : null, clock.guarded() ? clock.noisy() : null,
            peaks.entrySet().stream().map(e -> new PeerResult.Peak(e.getKey(), rates.get(e.getKey()), samples.get(e.getValue()))).toList(),
            entries);
    }

    private static double timed(Runnable run) {
        long begun = System.nanoTime();
        run.run();
        return (System.nanoTime() - begun) * 1e-9;
    }

    private static PeerResult.Machine machine() throws IOException {
        Path cpuinfo = Path.of("/proc/cpuinfo");
        String cpu = System.getProperty("os.arch");
        if (Files.isReadable(cpuinfo)) {
            cpu = Files.readString(cpuinfo).lines().filter(line -> line.startsWith("model name")).findFirst()
                .map(line -> line.replaceFirst("[^:]*:\\s*", "")).orElse(cpu);
        }
        String malloc = System.getenv("MALLOC_MMAP_THRESHOLD_") == null ? "default" : "tuned";
        return new PeerResult.Machine(cpu, Runtime.getRuntime().availableProcessors(),
            System.getProperty("os.name") + " " + System.getProperty("os.version"), System.getProperty("java.version"), malloc,
            Instant.now().toString());
    }
}
