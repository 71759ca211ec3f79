package dev.kinema.benchmarks.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Where memory is told to lie, by some that is taken natively and given back. */
class ResidentMemoryTest {
    private static final int BLOCK = 16 << 10;
    private static final long ALL = 64 << 20;
    /** Of what else goes on in this process meanwhile, compilers included. */
    private static final long SLACK = 24 << 20;

    @BeforeAll
    static void look() {
        assumeTrue(Files.isReadable(Path.of("/proc/self/smaps")), "there is no /proc/self/smaps");
    }

    @Test
    void thePartsAreTheWhole() {
        ProcessMemory process = ProcessMemory.settled();
        ResidentMemory resident = ResidentMemory.now();
        assertEquals(process.resident(), resident.all(), SLACK, resident::toString);
        assertTrue(resident.heap() >= process.heap(), () -> resident + ", in use of the heap " + process.heap());
        assertTrue(resident.code() > 0 && resident.classes() > 0 && resident.files() > 0 && resident.rest() > 0, resident::toString);
    }

    @Test
    void whatMallocKeepsIsNotInUse() {
        ProcessMemory.settled();
        ResidentMemory start = ResidentMemory.inUse();
        List<ByteBuffer> blocks = new ArrayList<>();
        // small enough to be taken from malloc's own, and not mapped one by one
        for (long taken = 0; taken < ALL; taken += BLOCK) {
            ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
            for (int i = 0; i < BLOCK; i++) {
                block.put(i, (byte) 1);
            }
            blocks.add(block);
        }
        ResidentMemory held = ResidentMemory.inUse();
        assertTrue(held.rest() >= start.rest() + ALL - SLACK, () -> start + ", and held " + held);
        ByteBuffer last = blocks.get(blocks.size() - 1);
        blocks.clear();
        ProcessMemory.settled();
        ResidentMemory after = ResidentMemory.inUse();
        Reference.reachabilityFence(last);
        assertTrue(after.rest() <= start.rest() + SLACK, () -> start + ", and after " + after);
    }
}
