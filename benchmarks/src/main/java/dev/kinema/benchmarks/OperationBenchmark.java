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
 * What the contextualizer, the objectives and the optimizers are made of.
 *
 * <p>The work is native and does not change as Java compiles its callers: one fork, since oneDNN chooses the same kernel in each, and a
 * short warm-up, for caches, page faults and the processors' clock. What is not oneDNN's is Java of a few loops, which is compiled within
 * the two seconds of warm-up. Five iterations of a second hold a hundred runs of the slowest.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 1, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 5, time = 1)
public class OperationBenchmark extends TimedCase {
    @Param({"attention-5-tokens", "attention-5-tokens-backward", "attention-64-tokens", "attention-64-tokens-backward",
        "attention-512-tokens", "attention-512-tokens-backward", "linear-in-2048to1024", "linear-square-1024to1024",
        "linear-up-1024to2048", "layer-norm", "layer-norm-backward", "info-nce-queue-step", "info-nce-batch-step", "optimizer-sgd",
        "optimizer-lars", "optimizer-adamw"})
    public String operation;

    @Override
    String caseName() {
        return "ops/" + operation;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
