package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** After its first run a program of the cpu device allocates nothing on the heap, whatever the operation. */
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int RUNS = 3;
    private static final int ROUNDS = 20;

    @TestFactory
    Stream<DynamicTest> everyCase() {
        Device device = Device.open("cpu", 1);
        List<DynamicTest> tests = new ArrayList<>();
        for (OpCase c : OpCases.all()) {
            tests.add(DynamicTest.dynamicTest(c.name(), () -> check(device, c.forward().differentiable() ? c.backward() : c.forward())));
        }
        return tests.stream().onClose(device::close);
    }

    private static void check(Device device, CaseGraph g) {
        try (Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (Program program = device.compile(g.graph(), weights)) {
                g.inputs().forEach((name, array) -> program.input(name).put(array));
                program.run();
                long least = Long.MAX_VALUE;
                // what a run allocates, every round shows; what the virtual machine does when it links code does not recur
                for (int round = 0; round < ROUNDS && least > 0; round++) {
                    least = Math.min(least, allocatedBy(program));
                }
                assertEquals(0, least, () -> "bytes of heap in " + RUNS + " runs: " + program.describe());
            }
        }
    }

    private static long allocatedBy(Program program) {
        long thread = Thread.currentThread().getId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        for (int i = 0; i < RUNS; i++) {
            program.run();
        }
        return THREADS.getThreadAllocatedBytes(thread) - before;
    }
}
