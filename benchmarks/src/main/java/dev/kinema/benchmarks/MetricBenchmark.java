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
 * Metrics over 5,000 texts or 2,000 features.
 *
 * <p>All Java, with hash tables whose speed hangs on how the compiler inlines them: three forks, and three seconds of warm-up. What the
 * garbage collector does is part of the time, and iterations of a second hold several collections.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 3, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class MetricBenchmark extends TimedCase {
    @Param({"cider", "rouge-l", "nearest-neighbours"})
    public String metric;

    @Override
    String caseName() {
        return "metrics/" + metric;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
