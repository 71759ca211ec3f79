package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Mul;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.ObjIntConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Inputs come for the next run while one is under way, and no number changes. */
class StagingTest extends OnEmulatedDevice {
    private static final int ROWS = 6;
    private static final int COLUMNS = 40;
    private static final int RUNS = 5;
    private static final Compilation STAGED = Compilation.FP32.withStaged("x", "rows");

    @AfterEach
    void asAtFirst() {
        if (Emulated.isThere()) {
            Kinema.kn_emulate(Kinema.KN_EMULATED_LATE, 0);
            Kinema.kn_emulate(Kinema.KN_EMULATED_FAULT, -1);
            Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, 16L << 30);
        }
    }

    /** y = gelu(x) * scale + some rows of w; w moves halfway to x. Two inputs are staged, one is not. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(ROWS, COLUMNS));
        Value rows = graph.input("rows", DType.I32, Shape.of(ROWS));
        Value scale = graph.input("scale", DType.F32, Shape.SCALAR);
        Value w = graph.state("w", DType.F32, Shape.of(ROWS, COLUMNS), new Initializer.Normal(1));
        graph.output("y", Add.of(Mul.of(Gelu.of(x), scale), Gather.of(w, rows, 0)));
        Ema.of(w, x, graph.input("half", DType.F32, Shape.SCALAR));
        return graph;
    }

    private static boolean fill(Program program, int run) {
        HostArray x = program.input("x");
        for (int i = 0; i < x.elements(); i++) {
            x.set(i, Math.sin(run * 100 + i));
        }
        for (int r = 0; r < ROWS; r++) {
            program.input("rows").set(r, (long) (r + run) % ROWS);
        }
        return true;
    }

    private static void scale(Program program, int run) {
        program.input("half").put(0.5f);
        program.input("scale").put(1f + run);
    }

    /** What a device gives in the runs one after the other, and leaves in the variable. */
    private static List<double[]> runs(Device device, Compilation how, ObjIntConsumer<Program> run) {
        List<double[]> results = new ArrayList<>();
        try (Weights own = device.newWeights()) {
            own.initialize(graph(), 1);
            try (Program program = device.compile(graph(), own, how)) {
                for (int i = 0; i < RUNS; i++) {
                    scale(program, i);
                    run.accept(program, i);
                    results.add(program.output("y").toDoubles());
                }
            }
            results.add(own.get("w").toDoubles());
        }
        return results;
    }

    private static List<double[]> plain(Device device) {
        return runs(device, Compilation.FP32, (program, run) -> {
            fill(program, run);
            program.run();
        });
    }

    private static List<double[]> staged(Device device) {
        return runs(device, STAGED, (program, run) -> {
            if (run == 0) {
                fill(program, 0);
            }
            program.run(() -> run + 1 < RUNS && fill(program, run + 1));
        });
    }

    private static void assertSame(List<double[]> expected, List<double[]> actual) {
        assertEquals(expected.size(), actual.size());
        for (int i = 0; i < expected.size(); i++) {
            int run = i;
            assertArrayEquals(expected.get(i), actual.get(i), () -> "run " + run);
        }
    }

    /** A test with fresh weights, with copies as late as they may be, then all else, then everything. */
    private void whateverIsLate(Consumer<Weights> test) {
        for (int late = 0; late < 3; late++) {
            Kinema.kn_emulate(Kinema.KN_EMULATED_LATE, late);
            try (Weights own = device.newWeights()) {
                test.accept(own);
            }
        }
    }

    @Test
    void runsThatFillTheNextInputsGiveTheSameBits() {
        whateverIsLate(own -> assertSame(plain(device), staged(device)));
        try (Device cpu = Device.open("cpu", 1)) {
            assertSame(plain(cpu), staged(cpu));
        }
    }

    @Test
    void partsAreRunInOrder() {
        List<double[]> expected = plain(device);
        weights.initialize(graph(), 1);
        try (Program program = device.compile(graph(), weights, STAGED)) {
            List<double[]> parts = new ArrayList<>();
            scale(program, 0);
            program.runParts(1, part -> fill(program, part), part -> parts.add(program.output("y").toDoubles()));
            assertArrayEquals(expected.get(0), parts.get(0));
            program.runParts(RUNS, part -> fill(program, part), part -> parts.add(program.output("y").toDoubles()));
            assertEquals(1 + RUNS, parts.size());
            program.runParts(0, part -> fill(program, part), part -> parts.add(null));
            assertEquals(1 + RUNS, parts.size());
        }
    }

    private static float first(DeviceMemory memory, OwnStream aside) {
        try (HostMemory host = new HostMemory(new Type(DType.F32, Shape.of(3)), "a look")) {
            CudaLibrary.check(Kinema.kn_copy_to_host(host.address(), memory.address(), host.bytes(), aside.handle()));
            CudaLibrary.check(aside.await());
            return (float) host.array().get(0);
        }
    }

    /** With kernels as late as they may be, none has run before somebody waits for it. */
    @Test
    void theNextInputsComeBesideTheRunAndNotBeforeItHasItsOwn() {
        Buffer x = new Buffer(new Storage("x", 3 * Float.BYTES, Storage.Home.HELD), Shape.of(3), DType.F32);
        try (OwnStream compute = new OwnStream();
                OwnStream aside = new OwnStream();
                DeviceMemory memory = new DeviceMemory(0, 3 * Float.BYTES, "x", compute.handle());
                DeviceMemory twice = new DeviceMemory(0, 3 * Float.BYTES, "2 x", compute.handle());
                HostMemory host = new HostMemory(new Type(DType.F32, Shape.of(3)), "x");
                Staging staging = new Staging(Set.of("x"), Map.of("x", x), Map.of("x", host), 0, compute.handle())) {
            x.storage().place(memory.address());
            CudaLibrary.check(compute.await());
            Kinema.kn_emulate(Kinema.KN_EMULATED_LATE, 1);
            BooleanSupplier kernel = () -> Kinema.kn_elementwise_binary(twice.address(), memory.address(), memory.address(), 3, 3,
                Kinema.KN_BINARY_ADD, Kinema.KN_F32, compute.handle()) == Kinema.KN_OK;
            host.array().put(1, 1, 1);
            staging.take(compute.handle());
            CudaLibrary.check(staging.await());
            assertTrue(kernel.getAsBoolean());
            host.array().put(5, 5, 5);
            staging.send();
            CudaLibrary.check(staging.await());
            host.array().put(7, 7, 7);
            assertEquals(0, first(twice, aside), "the next input has left the host, and the kernel has not run");
            CudaLibrary.check(compute.await());
            assertEquals(2, first(twice, aside), "it ran with its own input");
            staging.take(compute.handle());
            assertTrue(kernel.getAsBoolean());
            CudaLibrary.check(compute.await());
            assertEquals(10, first(twice, aside), "what was sent came to the next");
        }
    }

    @Test
    void whoAsksForAnInputTakesItBack() {
        whateverIsLate(own -> assertSame(plain(device), runs(device, STAGED, (program, run) -> {
            fill(program, run);
            program.run(() -> fill(program, 99));
        })));
    }

    /** The results are there, and each run has changed the variable. */
    @Test
    void whatRefillingThrowsComesWhenTheRunIsOver() {
        whateverIsLate(own -> assertSame(plain(device), runs(device, STAGED, (program, run) -> {
            fill(program, run);
            String said = assertThrows(KinemaException.class, () -> program.run(() -> {
                fill(program, 99);
                throw new KinemaException("no film is left");
            })).getMessage();
            assertEquals("no film is left", said);
        })));
    }

    @Test
    void aRunThatFindsAWrongIndexLeavesNothingStaged() {
        whateverIsLate(this::aRunThatFindsAWrongIndexLeavesNothingStaged);
    }

    private void aRunThatFindsAWrongIndexLeavesNothingStaged(Weights own) {
        Graph graph = new Graph();
        Value table = graph.state("table", DType.F32, Shape.of(4), new Initializer.Normal(1));
        graph.output("y", Gather.of(table, graph.input("rows", DType.I32, Shape.of(1)), 0));
        own.initialize(graph, 1);
        try (Program program = device.compile(graph, own, Compilation.FP32.withStaged("rows"))) {
            HostArray rows = program.input("rows");
            for (int run = 0; run < 4; run++) {
                rows.put(4);
                String said = assertThrows(KinemaException.class, () -> program.run(() -> {
                    rows.put(1);
                    return true;
                })).getMessage();
                assertTrue(said.contains("index 4 is outside an axis of 4"), said);
                // not asked for again, which would take it back
                rows.put(run);
                program.run();
                assertEquals(own.get("table").get(run), program.output("y").get(0));
            }
        }
    }

    @Test
    void aRefusedLaunchLeavesNothingStaged() {
        whateverIsLate(this::aRefusedLaunchLeavesNothingStaged);
    }

    private void aRefusedLaunchLeavesNothingStaged(Weights own) {
        List<double[]> expected = plain(device);
        own.initialize(graph(), 1);
        try (Program program = device.compile(graph(), own, STAGED)) {
            scale(program, 0);
            fill(program, 0);
            program.run(() -> fill(program, 99));
            assertArrayEquals(expected.get(0), program.output("y").toDoubles());
            Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, 0);
            String said = assertThrows(KinemaException.class, () -> program.run(() -> fill(program, 99))).getMessage();
            assertTrue(said.contains("elementwise.") && said.contains("the launch failed"), said);
            scale(program, 1);
            fill(program, 1);
            program.run();
            assertArrayEquals(expected.get(1), program.output("y").toDoubles());
        }
    }

    @Test
    void programsOfTwoThreadsAreStagedApart() throws InterruptedException, ExecutionException {
        List<double[]> expected = plain(device);
        ExecutorService pool = Executors.newFixedThreadPool(2);
        try {
            Callable<List<double[]>> work = () -> staged(device);
            for (Future<List<double[]>> results : pool.invokeAll(List.of(work, work))) {
                assertSame(expected, results.get());
            }
        } finally {
            pool.shutdown();
        }
    }

    /** In the first run, in the one that captures, and in one that replays. */
    @Test
    void aFaultOfTheDeviceEndsTheRunAndAllIsGivenBack() {
        weights.initialize(graph(), 1);
        long live = Kinema.kn_live_objects();
        for (int before = 0; before < 3; before++) {
            Program program = device.compile(graph(), weights, STAGED);
            fill(program, 0);
            scale(program, 0);
            for (int run = 0; run < before; run++) {
                program.run(() -> fill(program, 1));
            }
            Kinema.kn_emulate(Kinema.KN_EMULATED_FAULT, 1);
            String said = assertThrows(KinemaException.class, () -> program.run(() -> fill(program, 1))).getMessage();
            assertTrue(said.startsWith("the program of 'y' failed on cuda-emulated:0 (") && said.contains("illegal memory access"), said);
            assertThrows(KinemaException.class, program::close);
            assertEquals(live, Kinema.kn_live_objects());
            Kinema.kn_emulate(Kinema.KN_EMULATED_FAULT, -1);
        }
    }

    @Test
    void aProgramIsClosedWithInputsOnTheirWay() {
        weights.initialize(graph(), 1);
        long live = Kinema.kn_live_objects();
        for (int runs = 1; runs < 4; runs++) {
            try (Program program = device.compile(graph(), weights, STAGED)) {
                for (int run = 0; run < runs; run++) {
                    program.run(() -> fill(program, 1));
                }
            }
            assertEquals(live, Kinema.kn_live_objects());
        }
    }

    @Test
    void stagedInputsAreCountedBeforeTheFirstRun() {
        weights.initialize(graph(), 1);
        long live = Kinema.kn_live_objects();
        long once;
        try (Program program = device.compile(graph(), weights)) {
            once = program.memoryPlan().persistentBytes();
            assertThrows(IllegalArgumentException.class, () -> program.run(() -> true));
        }
        long more = ROWS * COLUMNS * Float.BYTES + ROWS * Integer.BYTES;
        try (Program program = device.compile(graph(), weights, STAGED)) {
            assertEquals(once + more, program.memoryPlan().persistentBytes());
        }
        long total = Kinema.kn_device_property(0, Kinema.KN_MEMORY_TOTAL);
        long used = total - Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE);
        Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, used + once + more - 1);
        String said = assertThrows(KinemaException.class, () -> device.compile(graph(), weights, STAGED)).getMessage();
        assertTrue(said.startsWith("the program of 'y' needs ") && said.contains(", which has "), said);
        Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, total);
        assertThrows(IllegalArgumentException.class, () -> device.compile(graph(), weights, Compilation.FP32.withStaged("z")));
        assertEquals(live, Kinema.kn_live_objects());
    }

    @Test
    void refillingAllocatesNothingOnTheHeap() {
        weights.initialize(graph(), 1);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        BooleanSupplier refill = () -> true;
        try (Program program = device.compile(graph(), weights, STAGED)) {
            program.run(refill);
            program.run(refill);
            assertTrue(((CudaProgram) program).replays());
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20 && least > 0; round++) {
                long before = threads.getThreadAllocatedBytes(thread);
                program.run(refill);
                program.run(refill);
                least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertEquals(0, least, "bytes of heap in 2 runs");
        }
    }
}
