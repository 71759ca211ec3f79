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
 * What calls into native code cost: chains of kernels with next to nothing to compute, all but a microsecond of which is the way there
 * and back.
 *
 * <p>Here Java's own compilation counts: three forks, as it may end differently in each, and three seconds of warm-up, by which time the
 * loops over steps are compiled. Iterations of a second hold some 10^4 to 10^6 calls.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(value = 3, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CallBenchmark extends TimedCase {
    @Param({"one-kernel", "100-kernels"})
    public String chain;

    @Override
    String caseName() {
        return "call/" + chain;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
