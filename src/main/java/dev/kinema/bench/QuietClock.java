package dev.kinema.bench;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.DoubleSupplier;

/**
 * Times runs, and repeats those during which other processes (or the hypervisor) used the processors: on a shared machine one busy
 * neighbour more than doubles the time of a computation that is split statically over all cores. Where there is no {@code /proc/stat}
 * every run is taken.
 */
public final class QuietClock {
    private static final Path STAT = Path.of("/proc/stat");
    private static final Path OWN_STAT = Path.of("/proc/self/stat");
    /** Field 16 of proc(5), counted from 0 behind the name, which is the second. */
    private static final int ENDED_USER = 13;
    /** The unit of /proc/stat on Linux: USER_HZ is 100 on every architecture that the JVM runs on. */
    private static final double TICK = 0.01;
    private static final double ALLOWED_SECONDS = 0.02;
    private static final double ALLOWED_SHARE = 0.02;
    /** On one sample: where others are always busy, all attempts at a training step that takes seconds would take hours. */
    private static final double MOST_SECONDS = 30;
    private static final long RETRY_MILLIS = 500;
    private static final long WINDOW_MILLIS = 30;
    /** Threads that have not gone to sleep within a second are none that wait for work. */
    private static final int MOST_WINDOWS = 33;

    private final int attempts;
    private final boolean guarded = Files.isReadable(STAT);
    private final com.sun.management.OperatingSystemMXBean system;
    private int rejected;
    private int noisy;

    /** @param attempts at a sample that others disturb, one at least */
    public QuietClock(int attempts) {
        if (attempts < 1) {
            throw new IllegalArgumentException(attempts + " attempts are no measurement");
        }
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean bean)) {
            throw new KinemaException("this Java does not tell its processor time: use an OpenJDK");
        }
        this.attempts = attempts;
        system = bean;
    }

    /**
     * Seconds that an undisturbed run took; after many disturbed ones, or half a minute of them, those of the least disturbed, which is
     * counted as noisy.
     *
     * @param run tells its seconds
     */
    public double seconds(DoubleSupplier run) {
        double best = 0;
        double least = Double.POSITIVE_INFINITY;
        long begun = System.nanoTime();
        boolean again = true;
        for (int attempt = 1; again; attempt++) {
            double othersBefore = others();
            long start = System.nanoTime();
            double told = run.getAsDouble();
            double seconds = (System.nanoTime() - start) * 1e-9;
            double disturbance = others() - othersBefore;
            if (!guarded || disturbance <= ALLOWED_SECONDS + ALLOWED_SHARE * seconds * system.getAvailableProcessors()) {
                return told;
            }
            if (disturbance < least) {
                least = disturbance;
                best = told;
            }
            again = triesAgain(attempt, (System.nanoTime() - begun) * 1e-9);
            if (again) {
                rejected++;
                rest(RETRY_MILLIS);
            }
        }
        noisy++;
        return best;
    }

    /** @param spent seconds on this sample so far */
    boolean triesAgain(int attempt, double spent) {
        return attempt < attempts && spent < MOST_SECONDS;
    }

    /**
     * Waits until the threads of what ran last sleep. Thread pools of engines watch for more work before they do, ONNX Runtime's for some
     * 40 ms and OpenMP's for some 10, and whoever computes on all cores meanwhile waits for the part that shares its core with them.
     */
    void settle() {
        settle(() -> system.getProcessCpuTime() * 1e-9 + children(), () -> rest(WINDOW_MILLIS));
    }

    /** @param used processor seconds of this process and its children so far */
    static void settle(DoubleSupplier used, Runnable window) {
        double before = used.getAsDouble();
        for (int i = 0; i < MOST_WINDOWS; i++) {
            window.run();
            double now = used.getAsDouble();
            // a thread that watches uses all of a window, which is two ticks and more
            if (now - before < 1.5 * TICK) {
                return;
            }
            before = now;
        }
    }

    private static void rest(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KinemaException("interrupted while waiting for a quiet machine", e);
        }
    }

    /** Processor seconds that everything but this process and its children used since the machine started. */
    private double others() {
        if (!guarded) {
            return 0;
        }
        try {
            String[] fields = Files.readString(STAT).lines().findFirst().orElseThrow().trim().split("\\s+");
            long busy = 0;
            for (int i = 1; i <= 8; i++) {
                if (i != 4 && i != 5) { // idle, waiting for disks
                    busy += Long.parseLong(fields[i]);
                }
            }
            return busy * TICK - system.getProcessCpuTime() * 1e-9 - children();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Processor seconds of processes that work for this one, as an engine that is timed may: of those that run, and, where there is
     * {@code /proc}, of those that have ended and were waited for.
     */
    static double children() {
        return ended() + ProcessHandle.current().children().map(child -> child.info().totalCpuDuration()).flatMap(Optional::stream)
            .mapToDouble(time -> time.toNanos() * 1e-9).sum();
    }

    /** Linux adds their times up in the fields cutime and cstime of proc(5)'s stat. */
    private static double ended() {
        if (!Files.isReadable(OWN_STAT)) {
            return 0;
        }
        try {
            String stat = Files.readString(OWN_STAT);
            // the name before the parenthesis may hold anything
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return (Long.parseLong(fields[ENDED_USER]) + Long.parseLong(fields[ENDED_USER + 1])) * TICK;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean guarded() {
        return guarded;
    }

    /** Runs that were repeated because the machine was not quiet. */
    public int rejected() {
        return rejected;
    }

    /** Samples that no quiet run was found for. */
    public int noisy() {
        return noisy;
    }
}
