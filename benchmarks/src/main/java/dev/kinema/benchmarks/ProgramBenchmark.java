package dev.kinema.benchmarks;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** One run of a compiled Slow-D on device {@code cpu}, all threads: pooled features of one clip. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class ProgramBenchmark {
    private static final long SEED = 1;

    /** {@code small}: 26 layers, width 16, 8x64x64, where the cost of starting 60 primitives shows; {@code slow-d}: 50 layers, 16x224x224. */
    @Param({"small", "slow-d"})
    public String network;

    @Param({"FP32", "BF16"})
    public Precision precision;

    private Device device;
    private Weights weights;
    private Program program;

    @Setup
    public void compile() {
        SlowConfig config = network.equals("small")
            ? SlowConfig.slowD(26).withWidth(16).withClip(new SlowConfig.Clip(8, 64, 4)) : SlowConfig.SLOW_D_R50;
        Graph graph = new Graph();
        SlowConfig.Clip clip = config.clip();
        Shape shape = Shape.of(1, clip.frames(), clip.crop(), clip.crop(), 3);
        // a final batch norm that starts at 0 would leave most convolutions without effect on the result that is checked
        Slow slow = new Slow(config.withZeroInitFinalNorm(false));
        graph.output("feature", slow.feature(Pass.eval(graph), graph.input("clips", DType.F32, shape)));
        device = Device.open("cpu");
        weights = device.newWeights();
        weights.initialize(graph, SEED);
        program = device.compile(graph, weights, new Compilation(precision, true));
        fill(program.input("clips"));
        check(graph);
    }

    private static void fill(HostArray clips) {
        Philox random = Philox.named(SEED, "clips");
        for (int i = 0; i < clips.elements(); i++) {
            clips.set(i, random.normal(i));
        }
    }

    /** Against the graph as it was written: fp32, nothing fused or folded. */
    private void check(Graph graph) {
        try (Program plain = device.compile(graph, weights, new Compilation(Precision.FP32, false))) {
            fill(plain.input("clips"));
            plain.run();
            program.run();
            double[] expected = plain.output("feature").toDoubles();
            double[] actual = program.output("feature").toDoubles();
            double difference = 0;
            double norm = 0;
            for (int i = 0; i < expected.length; i++) {
                difference += Math.pow(actual[i] - expected[i], 2);
                norm += Math.pow(expected[i], 2);
            }
            double error = Math.sqrt(difference / norm);
            double bound = precision == Precision.FP32 ? 1e-5 : 2e-2;
            if (!(error <= bound)) {
                throw new KinemaException("the fused program is off the plain one by " + error + ", more than " + bound);
            }
        }
    }

    @Benchmark
    public void forward() {
        program.run();
    }

    @TearDown
    public void close() {
        program.close();
        weights.close();
        device.close();
    }
}
