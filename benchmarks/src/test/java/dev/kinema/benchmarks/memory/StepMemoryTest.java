package dev.kinema.benchmarks.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.benchmarks.Printed;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** One small step in processes of its own, so that the program does not rot. */
class StepMemoryTest {
    @Test
    void eachAllocatorHasALineWithItsPeak() throws Exception {
        assumeTrue(Files.isWritable(Path.of("/proc/self/clear_refs")), "there is no /proc/self/clear_refs");
        Printed printed = Printed.by(StepMemory::main, "smallest", "1", "2", "1", "txe");
        long precisions;
        try (Device device = Device.open("cpu", 2)) {
            precisions = device.supports(Precision.BF16) ? 2 : 1;
        }
        assertEquals(2 * precisions, printed.lines("^step-txe-masks +\\w+ +Kinema +(default|as when timed) +-?\\d+ +"), printed::text);
        // a step of some kilobytes, and what is loaded for it: a number in bytes or kilobytes would be far above this
        assertTrue(printed.number("Kinema +default +(-?\\d+)") < 256, printed::text);
    }
}
