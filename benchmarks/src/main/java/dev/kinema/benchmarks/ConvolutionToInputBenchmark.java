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
 * Each distinct convolution of Slow-D but the stem, back to its input; the rest is as in {@link ConvolutionBenchmark}.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class ConvolutionToInputBenchmark extends TimedCase {
    @Param({"1x1x1-64to256-at8x56x56", "1x1x1-64to64-at8x56x56", "1x3x3-64to64-at8x56x56", "1x1x1-256to64-at8x56x56",
        "1x1x1-256to512-at8x56x56-stride1x2x2", "1x1x1-256to128-at8x56x56", "1x3x3-128to128-at8x56x56-stride1x2x2",
        "1x1x1-128to512-at8x28x28", "1x1x1-512to128-at8x28x28", "1x3x3-128to128-at8x28x28", "1x1x1-512to1024-at8x28x28-stride1x2x2",
        "3x1x1-512to256-at8x28x28", "1x3x3-256to256-at8x28x28-stride1x2x2", "1x1x1-256to1024-at8x14x14", "3x1x1-1024to256-at8x14x14",
        "1x3x3-256to256-at8x14x14", "1x1x1-1024to2048-at8x14x14-stride1x2x2", "3x1x1-1024to512-at8x14x14",
        "1x3x3-512to512-at8x14x14-stride1x2x2", "1x1x1-512to2048-at8x7x7", "3x1x1-2048to512-at8x7x7", "1x3x3-512to512-at8x7x7"})
    public String layer;

    @Override
    String caseName() {
        return "conv/to-input-" + layer;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
