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
 * A film of 6 s, 640x360, 25 frames a second, decoded and turned into RGB pictures; the time is that of all 150, or of the clips that are
 * cut of it.
 *
 * <p>FFmpeg's decoders and our conversion are native but for loops over rows: two seconds of warm-up compile those and bring the file
 * into the page cache. One fork, since nothing is decided at start; five iterations of two seconds hold some 50 films.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = {"-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0"})
@Warmup(iterations = 1, time = 2)
@Measurement(iterations = 5, time = 2)
public class DecodeBenchmark extends TimedCase {
    @Param({"whole-pictures", "squares-of-224", "clips-of-16x224x224"})
    public String pictures;

    @Override
    String caseName() {
        return "decode/" + pictures;
    }

    @Benchmark
    public void runOnce() {
        run();
    }
}
