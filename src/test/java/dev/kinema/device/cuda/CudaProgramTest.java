package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.ProgramRunEvent;
import dev.kinema.device.ProgramStep;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Input;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Scale;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the cuda device promises of its programs, beyond their numbers: memory, replay, sharing, threads, errors. */
class CudaProgramTest extends OnEmulatedDevice {
    private static final int ROWS = 5;
    private static final int COLUMNS = 12;

    /** y = relu(gelu(x) * w + relu(b)), where relu(b) depends on weights alone. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(ROWS, COLUMNS));
        Value w = graph.parameter("w", Shape.of(COLUMNS), new Initializer.Normal(1));
        Value b = graph.parameter("b", Shape.of(COLUMNS), new Initializer.Normal(1));
        graph.output("y", Relu.of(Add.of(Mul.of(Gelu.of(x), w), Relu.of(b))));
        return graph;
    }

    private static void fill(HostArray x, int from) {
        IntStream.range(0, x.elements()).forEach(i -> x.set(i, Math.sin(from + i)));
    }

    private static double[] run(Program program, int from) {
        fill(program.input("x"), from);
        program.run();
        return program.output("y").toDoubles();
    }

    @Test
    void aReplayedGraphComputesWhatTheFirstRunDid() {
        weights.initialize(graph(), 1);
        try (Program program = device.compile(graph(), weights)) {
            double[] first = run(program, 1);
            double[] other = run(program, 100);
            assertTrue(((CudaProgram) program).replays(), "after the second run the program replays");
            assertFalse(Arrays.equals(first, other), "other inputs give other outputs");
            assertArrayEquals(first, run(program, 1));
            assertArrayEquals(other, run(program, 100));
        }
    }

    /** The first run, one that captures a graph, and one that replays it. */
    @Test
    void theFlightRecorderShowsEachRun(@TempDir Path folder) throws IOException {
        weights.initialize(graph(), 1);
        Path file = folder.resolve("runs.jfr");
        try (Recording recording = new Recording(); Program program = device.compile(graph(), weights)) {
            recording.enable(ProgramRunEvent.NAME);
            recording.start();
            for (int i = 0; i < 3; i++) {
                run(program, i);
            }
            recording.stop();
            recording.dump(file);
            List<RecordedEvent> runs = RecordingFile.readAllEvents(file);
            assertEquals(3, runs.size(), runs::toString);
            for (RecordedEvent run : runs) {
                assertEquals(device.name(), run.getString("device"));
                assertTrue(run.getString("graph").contains("x F32 [" + ROWS + ", " + COLUMNS + "]"), run::toString);
                assertEquals(program.memoryPlan().bytes(), run.getLong("plannedBytes"));
                assertEquals(program.steps().stream().mapToLong(ProgramStep::bytes).sum(), run.getLong("movedBytes"));
                assertFalse(run.getDuration().isZero());
            }
        }
    }

    @Test
    void whatDependsOnWeightsAloneIsComputedAgainWhenTheyChange() {
        weights.initialize(graph(), 1);
        try (Program program = device.compile(graph(), weights)) {
            assertTrue(program.describe().contains("once "), program.describe());
            run(program, 1);
            double[] before = run(program, 1);
            weights.put("b", HostArray.of(Shape.of(COLUMNS), IntStream.range(0, COLUMNS).mapToDouble(i -> 100).toArray()));
            double[] after = run(program, 1);
            for (int i = 0; i < after.length; i++) {
                assertTrue(after[i] > before[i] + 50, "element " + i + ": " + before[i] + ", " + after[i]);
            }
        }
    }

    @Test
    void runningAllocatesNothingOnTheHeapAfterTheSecondRun() {
        weights.initialize(graph(), 1);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long thread = Thread.currentThread().getId();
        try (Program program = device.compile(graph(), weights)) {
            program.run();
            program.run();
            long least = Long.MAX_VALUE;
            for (int round = 0; round < 20 && least > 0; round++) {
                long before = threads.getThreadAllocatedBytes(thread);
                program.run();
                program.run();
                least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
            }
            assertEquals(0, least, "bytes of heap in 2 runs");
        }
    }

    @Test
    void closingFreesEverything() {
        long before = Kinema.kn_live_objects();
        try (Weights own = device.newWeights()) {
            own.initialize(graph(), 1);
            try (Program program = device.compile(graph(), own)) {
                IntStream.range(0, 3).forEach(i -> run(program, i));
                assertTrue(Kinema.kn_live_objects() > before + 5, "a program holds memory, a stream, a graph");
            }
            assertEquals(before + 3, Kinema.kn_live_objects(), "two weights and their stream");
        }
        assertEquals(before, Kinema.kn_live_objects());
    }

    @Test
    void anOperationWithoutARuleIsNamed() {
        Input input = new Input("x", Type.f32(3));
        String message = assertThrows(KinemaException.class, () -> Rules.of(input)).getMessage();
        assertEquals("the cuda device has no rule for Input: run this graph on cpu", message);
    }

    @Test
    void programsOfSeveralThreadsShareWeights() throws Exception {
        weights.initialize(graph(), 1);
        double[] expected;
        try (Program program = device.compile(graph(), weights)) {
            expected = run(program, 7);
        }
        ExecutorService pool = Executors.newFixedThreadPool(3);
        try {
            Callable<double[]> work = () -> {
                try (Program program = device.compile(graph(), weights)) {
                    IntStream.range(0, 10).forEach(i -> run(program, i));
                    return run(program, 7);
                }
            };
            for (Future<double[]> result : pool.invokeAll(List.of(work, work, work))) {
                assertArrayEquals(expected, result.get());
            }
        } finally {
            pool.shutdown();
        }
    }

    @Test
    void whatOtherThreadsDoLeavesACaptureAlone() {
        long stream = CudaLibrary.made(Kinema.kn_stream_create());
        CudaLibrary.check(Kinema.kn_graph_begin(stream));
        try (Device second = Emulated.device(); Weights own = second.newWeights()) {
            own.initialize(graph(), 1);
            double[] read = own.get("w").toDoubles();
            try (Program program = second.compile(graph(), own)) {
                double[] first = run(program, 1);
                assertArrayEquals(first, run(program, 1));
                own.put("w", HostArray.of(Shape.of(COLUMNS), read));
                assertArrayEquals(first, run(program, 1));
            }
        } finally {
            long graph = Kinema.kn_graph_end(stream);
            CudaLibrary.check(Kinema.kn_graph_destroy(graph));
            CudaLibrary.check(Kinema.kn_stream_destroy(stream));
        }
    }

    @Test
    void theFirstNodeThatIsNotFiniteIsNamed() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(4));
        Value huge;
        try (Graph.Scope scope = graph.scope("tower")) {
            huge = Scale.of(x, 1e30);
        }
        graph.output("y", Relu.of(Scale.of(huge, 1e30)));
        try (Program program = device.compile(graph, weights, Compilation.FP32.withFiniteChecks())) {
            program.input("x").put(0, 0, 0, 1);
            String message = assertThrows(KinemaException.class, program::run).getMessage();
            assertTrue(message.contains("1 of 4 numbers") && message.contains("Scale"), message);
            program.input("x").put(0, 0, 0, 0);
            program.run();
        }
    }

    @Test
    void whatIsClosedSaysSo() {
        Program program = device.compile(graph(), initialized());
        program.close();
        program.close();
        assertTrue(assertThrows(KinemaException.class, program::run).getMessage().contains("program is closed"));
        try (Device other = Device.open("reference"); Weights foreign = other.newWeights()) {
            assertTrue(assertThrows(KinemaException.class, () -> device.compile(graph(), foreign)).getMessage().contains("another device"));
        }
        weights.close();
        assertTrue(assertThrows(KinemaException.class, () -> weights.get("w")).getMessage().contains("weights are closed"));
    }

    @Test
    void whatAClosedDeviceHadIsGivenBack() {
        long live = Kinema.kn_live_objects();
        Device second = Emulated.device();
        Weights own = second.newWeights();
        own.initialize(graph(), 1);
        Program program = second.compile(graph(), own);
        run(program, 1);
        second.close();
        assertTrue(assertThrows(KinemaException.class, program::run).getMessage().contains("is closed"));
        assertTrue(assertThrows(KinemaException.class, () -> own.get("w")).getMessage().contains("is closed"));
        own.close();
        program.close();
        assertEquals(live, Kinema.kn_live_objects());
    }

    @Test
    void weightsAreNotClosedUnderARun() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(ROWS, COLUMNS));
        graph.output("y", Mul.of(x, graph.parameter("w", Shape.of(COLUMNS), new Initializer.Normal(1))));
        Weights own = device.newWeights();
        own.initialize(graph, 1);
        AtomicReference<String> said = new AtomicReference<>();
        try (Program program = device.compile(graph, own, Compilation.FP32.withStaged("x"))) {
            program.run(() -> {
                // the run is not over before this has returned
                said.set(CompletableFuture.supplyAsync(() -> refusalOfClosing(own)).join());
                return false;
            });
            assertTrue(said.get() != null && said.get().contains("in use by a program that runs"), said::get);
            assertNull(refusalOfClosing(own), "between two runs");
            assertThrows(KinemaException.class, program::run);
        }
    }

    /** Null where the weights could be closed. */
    private static String refusalOfClosing(Weights weights) {
        try {
            weights.close();
            return null;
        } catch (KinemaException e) {
            return e.getMessage();
        }
    }

    private Weights initialized() {
        weights.initialize(graph(), 1);
        return weights;
    }

    @Test
    void aDeviceThatCannotBeOpenedSaysWhy() {
        String real = assertThrows(KinemaException.class, () -> Device.open("cuda:0")).getMessage();
        assertTrue(real.contains("emulated kernels"), real);
        assertTrue(Device.isKnown("cuda:7") && !Device.isKnown("cuda") && !Device.isKnown("cuda:x"));
        assertTrue(Device.names().contains("cuda:0"), Device.names().toString());
        String number = assertThrows(KinemaException.class, () -> CudaDevice.open("cuda-emulated:1")).getMessage();
        assertTrue(number.contains("there is no device cuda-emulated:1"), number);
    }

    @Test
    void aRefusedCallSaysWhy() {
        int status = Kinema.kn_elementwise_binary(0, 0, 0, 10, 3, Kinema.KN_BINARY_ADD, Kinema.KN_F32, 0);
        assertEquals(Kinema.KN_INVALID_ARGUMENT, status);
        assertEquals("elementwise.binary: 10 elements are no multiple of the period 3", CudaLibrary.lastError());
    }
}
