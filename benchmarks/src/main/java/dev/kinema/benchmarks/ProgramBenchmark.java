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
 * Whole programs, all threads: features of a clip, events of 8 windows and of a film of ten minutes, a training step of either network.
 *
 * <p>The work is native and does not change as Java compiles its callers: one fork, since oneDNN chooses the same kernel in each, and a
 * short warm-up, for caches, page faults and the processors' clock. A step of Slow-D takes seconds: an iteration of two seconds is one or
 * a few runs of it, and of the others hundreds; five of them show the spread between runs.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 2, time = 2)
@Measurement(iterations = 5, time = 2)
public class ProgramBenchmark extends TimedCase {
    @Param({"embed-slow-d", "embed-txe", "embed-txe-film", "step-slow-d-cvrl", "step-txe-masks"})
    public String program;

    @Override
    String caseName() {
        return "programs/" + program;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
