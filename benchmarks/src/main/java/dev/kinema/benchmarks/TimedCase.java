package dev.kinema.benchmarks;

import dev.kinema.bench.Setting;
import dev.kinema.bench.Size;
import dev.kinema.bench.Suites;
import dev.kinema.bench.Workload;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A case of {@link Suites}, which checks its result when it is opened. JMH times whole runs, with the reorders that bring inputs and
 * outputs into a kernel's layout and type; {@code kinema bench} times the kernels alone.
 */
@State(Scope.Benchmark)
public abstract class TimedCase {
    /** {@code cpu} or {@code cuda:0}. */
    @Param("cpu")
    public String device;

    @Param("FP32")
    public Precision precision;

    /** {@code SMALLEST} only shows that it works. */
    @Param("FULL")
    public Size size;

    private Device opened;
    private Workload workload;

    /** The {@linkplain dev.kinema.bench.Case#fullName() full name} of the case. */
    abstract String caseName();

    @Setup
    public void open() {
        opened = Device.open(device);
        workload = Suites.named(caseName()).open(new Setting(opened, precision, size));
    }

    /** To be called by benchmarks. */
    final void run() {
        workload.run();
    }

    @TearDown
    public void close() {
        workload.close();
        opened.close();
    }
}
