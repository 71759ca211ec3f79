package dev.kinema.benchmarks.memory;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What is told of memory, by some that is taken and given back. */
class ProcessMemoryTest {
    private static final int BLOCK = 128 << 20;
    private static final int PAGE = 4096;
    /** Of what else goes on in this process meanwhile. */
    private static final long SLACK = 32 << 20;

    @Test
    void thePeakIsThatSinceItWasForgotten() {
        assumeTrue(Files.isWritable(Path.of("/proc/self/clear_refs")), "there is no /proc/self/clear_refs");
        ProcessMemory start = ProcessMemory.settled();
        assertTrue(start.resident() > start.heap() && start.heap() > 0, start::toString);
        take();
        ProcessMemory after = ProcessMemory.settled();
        assertTrue(after.direct() < start.direct() + SLACK, () -> "it was given back: " + after);
        assertTrue(ProcessMemory.peak() >= start.resident() + BLOCK - SLACK, "the peak had it");
        ProcessMemory.forgetPeak();
        assertTrue(ProcessMemory.peak() < start.resident() + BLOCK - SLACK, "and was forgotten");
        take();
        assertTrue(ProcessMemory.peak() >= start.resident() + BLOCK - SLACK, "until it was there again");
    }

    /** Touches every page of a block that is garbage then. */
    private static void take() {
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
        for (int i = 0; i < BLOCK; i += PAGE) {
            block.put(i, (byte) 1);
        }
    }
}
