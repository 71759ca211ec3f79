package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * After its first run a program of the cpu device allocates nothing on the heap, whatever the operation, in each precision of the machine,
 * by the thread that runs it and by those that help it.
 */
class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int RUNS = 3;
    private static final int ROUNDS = 20;
    private static final int MOST_THREADS = 2;

    @TestFactory
    Stream<DynamicContainer> everyCase() {
        List<DynamicContainer> settings = new ArrayList<>();
        List<Device> devices = new ArrayList<>();
        for (int threads = 1; threads <= MOST_THREADS; threads++) {
            Device device = Device.open("cpu", threads);
            devices.add(device);
            for (Precision precision : List.of(Precision.FP32, Precision.BF16)) {
                if (device.supports(precision)) {
                    Compilation how = new Compilation(precision, true);
                    settings.add(DynamicContainer.dynamicContainer(precision + ", " + threads + " threads", OpCases.all().stream()
                        .map(c -> DynamicTest.dynamicTest(c.name(), () -> check(device, how, c)))));
                }
            }
            if (device.supports(Precision.INT8)) {
                settings.add(DynamicContainer.dynamicContainer(Precision.INT8 + ", " + threads + " threads",
                    Stream.of(DynamicTest.dynamicTest("Slow-D", () -> checkQuantized(device)))));
            }
        }
        return settings.stream().onClose(() -> devices.forEach(Device::close));
    }

    private static void check(Device device, Compilation how, OpCase c) {
        CaseGraph g = c.forward().differentiable() ? c.backward() : c.forward();
        try (Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (Program program = device.compile(g.graph(), weights, how)) {
                g.inputs().forEach((name, array) -> program.input(name).put(array));
                checkRuns(program);
            }
        }
    }

    /** A network of which all convolutions compute in 8-bit integers, as no operation does by itself. */
    private static void checkQuantized(Device device) {
        Graph graph = new Graph();
        graph.output("feature", new Slow(SlowConfig.slowD(26).withWidth(8)).feature(Pass.eval(graph),
            NormalizeFrames.of(graph.input("frames", DType.U8, Shape.of(1, 4, 32, 32, 3)), NormalizeFrames.KINETICS)));
        // how large activations are decides on numbers alone
        ActivationRanges ranges = new ActivationRanges(Quantization.inputs(graph).keySet().stream()
            .collect(Collectors.toMap(weight -> weight, weight -> 4.0)));
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, Compilation.int8(ranges))) {
                checkRuns(program);
            }
        }
    }

    private static void checkRuns(Program program) {
        program.run();
        long[] threads = Thread.getAllStackTraces().keySet().stream()
            .filter(t -> t == Thread.currentThread() || t.getName().startsWith("kinema-cpu-")).mapToLong(Thread::getId).toArray();
        // its own part is that of a call that links nothing any more
        allocated(threads);
        long own = allocated(threads);
        own = allocated(threads) - own;
        long least = Long.MAX_VALUE;
        // what a run allocates, every round shows; what the virtual machine does when it links code does not recur
        for (int round = 0; round < ROUNDS && least > 0; round++) {
            long before = allocated(threads);
            for (int i = 0; i < RUNS; i++) {
                program.run();
            }
            least = Math.min(least, allocated(threads) - before - own);
        }
        assertEquals(0, least, () -> "bytes of heap in " + RUNS + " runs: " + program.describe());
    }

    private static long allocated(long[] threads) {
        long sum = 0;
        for (long thread : threads) {
            sum += THREADS.getThreadAllocatedBytes(thread);
        }
        return sum;
    }
}
