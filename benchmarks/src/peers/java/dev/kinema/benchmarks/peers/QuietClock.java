package dev.kinema.benchmarks.peers;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Times runs, and repeats those during which other processes (or the hypervisor) used the processors: on a shared machine one busy
 * neighbour more than doubles the time of a computation that is split statically over all cores. Where there is no {@code /proc/stat}
 * every run is taken.
 */
final class QuietClock {
    private static final Path STAT = Path.of("/proc/stat");
    /** The unit of /proc/stat on Linux: USER_HZ is 100 on every architecture that the JVM runs on. */
    private static final double TICK = 0.01;
    private static final double ALLOWED_SECONDS = 0.02;
    private static final double ALLOWED_SHARE = 0.02;
    private static final int ATTEMPTS = 25;

    private final boolean guarded = Files.isReadable(STAT);
    private final com.sun.management.OperatingSystemMXBean system;
    private int rejected;
    private int noisy;

    QuietClock() {
        if (!(ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean bean)) {
            throw new KinemaException("this Java does not tell its processor time: use an OpenJDK");
        }
        system = bean;
    }

    /** Seconds that one undisturbed run took; after many disturbed ones, the least disturbed of them, which is counted as noisy. */
    double seconds(Runnable run) {
        double best = 0;
        double least = Double.POSITIVE_INFINITY;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            double othersBefore = others();
            long start = System.nanoTime();
            run.run();
            double seconds = (System.nanoTime() - start) * 1e-9;
            double disturbance = others() - othersBefore;
            if (!guarded || disturbance <= ALLOWED_SECONDS + ALLOWED_SHARE * seconds * system.getAvailableProcessors()) {
                return seconds;
            }
            rejected++;
            if (disturbance < least) {
                least = disturbance;
                best = seconds;
            }
            rest();
        }
        noisy++;
        return best;
    }

    private static void rest() {
        try {
            Thread.sleep(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KinemaException("interrupted while waiting for a quiet machine", e);
        }
    }

    /** Processor seconds that everything but this process used since the machine started. */
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
            return busy * TICK - system.getProcessCpuTime() * 1e-9;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean guarded() {
        return guarded;
    }

    /** Runs that were repeated because the machine was not quiet. */
    int rejected() {
        return rejected;
    }

    /** Samples that no quiet run was found for. */
    int noisy() {
        return noisy;
    }
}
