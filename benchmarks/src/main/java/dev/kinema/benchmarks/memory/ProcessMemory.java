package dev.kinema.benchmarks.memory;

import dev.kinema.KinemaException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What this process holds, in bytes.
 *
 * @param resident of its memory, native and Java's; 0 where the system has no {@code /proc}
 * @param heap in use
 * @param direct in Java's own buffers outside the heap
 */
public record ProcessMemory(long resident, long heap, long direct) {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path RESET = Path.of("/proc/self/clear_refs");
    private static final int COLLECTIONS = 3;

    /** After collecting what is garbage, which takes some tenths of a second. */
    public static ProcessMemory settled() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
            try {
                // buffers are given back by a thread of the virtual machine's
                Thread.sleep(100);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KinemaException("interrupted while memory was being collected", e);
            }
        }
        long direct = ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream().filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
        return new ProcessMemory(Files.isReadable(STATUS) ? told("VmRSS:") : 0,
            ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(), direct);
    }


    /** The most that was resident since the process began, or since {@link #forgetPeak}. */
    static long peak() {
        return told("VmHWM:");
    }

    /**
     * Lets {@link #peak} begin anew, with what is resident now: 5 is the word for it in proc(5), since Linux 4.0.
     *
     * @throws KinemaException where the system does not have it
     */
    static void forgetPeak() {
        try {
            Files.writeString(RESET, "5");
        } catch (IOException e) {
            throw new KinemaException("the peak of memory cannot be reset (" + e.getMessage() + "): measure it on Linux", e);
        }
    }

    private static long told(String field) {
        try {
            return Files.readAllLines(STATUS).stream().filter(line -> line.startsWith(field))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("[^0-9]", ""))).findFirst()
                .orElseThrow(() -> new KinemaException(STATUS + " has no " + field + ": measure memory on Linux"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
