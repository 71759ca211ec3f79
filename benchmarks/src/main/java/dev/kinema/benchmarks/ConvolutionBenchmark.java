package dev.kinema.benchmarks;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Each distinct convolution of Slow-D, forward and back to its weights, one clip of 16x224x224.
 *
 * <p>The work is native and does not change as Java compiles its callers: one fork, since oneDNN chooses the same kernel in each, and a
 * short warm-up, for caches, page faults and the processors' clock. Five iterations of a second hold 50 runs and more of the slowest
 * layer, whose runs differ by a few percent.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class ConvolutionBenchmark extends TimedCase {
    @Param({"5x7x7-3to64-at16x224x224-stride2x2x2", "1x1x1-64to256-at8x56x56", "1x1x1-64to64-at8x56x56", "1x3x3-64to64-at8x56x56",
        "1x1x1-256to64-at8x56x56", "1x1x1-256to512-at8x56x56-stride1x2x2", "1x1x1-256to128-at8x56x56",
        "1x3x3-128to128-at8x56x56-stride1x2x2", "1x1x1-128to512-at8x28x28", "1x1x1-512to128-at8x28x28", "1x3x3-128to128-at8x28x28",
        "1x1x1-512to1024-at8x28x28-stride1x2x2", "3x1x1-512to256-at8x28x28", "1x3x3-256to256-at8x28x28-stride1x2x2",
        "1x1x1-256to1024-at8x14x14", "3x1x1-1024to256-at8x14x14", "1x3x3-256to256-at8x14x14", "1x1x1-1024to2048-at8x14x14-stride1x2x2",
        "3x1x1-1024to512-at8x14x14", "1x3x3-512to512-at8x14x14-stride1x2x2", "1x1x1-512to2048-at8x7x7", "3x1x1-2048to512-at8x7x7",
        "1x3x3-512to512-at8x7x7"})
    public String layer;

    @Param({"forward", "to-weight"})
    public String direction;

    @Override
    String caseName() {
        return "conv/" + direction + "-" + layer;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
