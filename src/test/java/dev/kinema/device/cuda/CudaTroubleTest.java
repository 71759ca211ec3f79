package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Sigmoid;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What goes wrong on a device is told in a sentence that names it, and leaves nothing behind. */
class CudaTroubleTest {
    private static final int ROWS = 50;
    private static final int COLUMNS = 120;
    private static final long NONE = -1;

    private Device device;
    private Weights weights;

    @BeforeEach
    void open() {
        device = Emulated.device();
        weights = device.newWeights();
        weights.initialize(graph(), 1);
    }

    @AfterEach
    void close() {
        if (device != null) {
            emulate(Kinema.KN_EMULATED_MEMORY, 16L << 30);
            emulate(Kinema.KN_EMULATED_DEVICES, 1);
            emulate(Kinema.KN_EMULATED_DRIVER, 13000);
            emulate(Kinema.KN_EMULATED_CAPABILITY, 80);
            emulate(Kinema.KN_EMULATED_REFUSAL, NONE);
            emulate(Kinema.KN_EMULATED_FAULT, NONE);
            weights.close();
            device.close();
        }
    }

    private static void emulate(int what, long value) {
        assertEquals(Kinema.KN_OK, Kinema.kn_emulate(what, value));
    }

    /** Gelu, Mul and Add run each time; Sigmoid and Relu, of a weight, once. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(ROWS, COLUMNS));
        Value w = graph.parameter("w", Shape.of(COLUMNS), new Initializer.Normal(1));
        Value b = graph.parameter("b", Shape.of(COLUMNS), new Initializer.Normal(1));
        graph.output("y", Add.of(Mul.of(Gelu.of(x), w), Relu.of(Sigmoid.of(b))));
        return graph;
    }

    private Program compile() {
        return device.compile(graph(), weights);
    }

    private static double[] run(Program program, double x) {
        for (int i = 0; i < program.input("x").elements(); i++) {
            program.input("x").set(i, x + 0.01 * i);
        }
        program.run();
        return program.output("y").toDoubles();
    }

    private static void leave(long free) {
        long used = Kinema.kn_device_property(0, Kinema.KN_MEMORY_TOTAL) - Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE);
        emulate(Kinema.KN_EMULATED_MEMORY, used + free);
    }

    private static long free() {
        return Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE);
    }

    private static String failure(Runnable what) {
        return assertThrows(KinemaException.class, what::run).getMessage();
    }

    private static void assertContains(String message, String... parts) {
        for (String part : parts) {
            assertTrue(message.contains(part), "'" + part + "' in: " + message);
        }
    }

    @Test
    void tooLittleMemoryNamesTheProgramItsNeedAndWhatIsFree() {
        long live = Kinema.kn_live_objects();
        leave(1000);
        String message = failure(this::compile);
        assertContains(message, "the program of 'y' needs ", "on cuda-emulated:0, which has 1,000 free");
        assertEquals(live, Kinema.kn_live_objects());
        Matcher need = Pattern.compile("needs ([\\d,]+) bytes").matcher(message);
        assertTrue(need.find(), message);
        long bytes = Long.parseLong(need.group(1).replace(",", ""));
        assertTrue(bytes > 2L * ROWS * COLUMNS * Float.BYTES, "input and output alone are more than " + bytes);

        leave(bytes - 1);
        assertContains(failure(this::compile), "needs " + need.group(1));
        leave(bytes + 1);  // a block of nothing, as that of the activations here, takes a byte
        try (Program program = compile()) {
            assertTrue(free() < COLUMNS * Float.BYTES * 2, free() + " bytes are left for preparation");
            run(program, 1);
            run(program, 2);
        }
        assertEquals(bytes + 1, free(), "closing gives all back");
    }

    @Test
    void tooLittleMemoryForWeightsNamesTheWeight() {
        leave(COLUMNS * Float.BYTES + 1);
        long live = Kinema.kn_live_objects();
        try (Weights more = device.newWeights()) {
            assertContains(failure(() -> more.initialize(graph(), 1)), " needs 480 bytes of memory", "which has 1 free", "out of memory");
        }
        assertEquals(live, Kinema.kn_live_objects());
    }

    @Test
    void aRefusedLaunchNamesNodeKernelAndShape() {
        try (Program program = compile()) {
            double[] expected = run(program, 1);
            emulate(Kinema.KN_EMULATED_REFUSAL, 1);
            String message = failure(program::run);
            assertContains(message, "elementwise.binary v2, n = 6000, period = 120: the launch failed", "binary_v2", " Mul", "50, 120");
            assertFalse(((CudaProgram) program).replays(), "a capture that failed is no graph");
            assertArrayEquals(expected, run(program, 1), "the program goes on");
            run(program, 1);
            assertTrue(((CudaProgram) program).replays());
        }
    }

    @Test
    void aFaultIsToldWithTheProgramAndTheWayToTheNode() {
        long live = Kinema.kn_live_objects();
        for (int before = 0; before < 3; before++) {
            Program program = compile();
            for (int i = 0; i < before; i++) {
                run(program, 1);
            }
            // in the first run two kernels of preparation come first
            emulate(Kinema.KN_EMULATED_FAULT, before == 0 ? 3 : 1);
            assertContains(failure(program::run), "the program of 'y' failed on cuda-emulated:0", "an illegal memory access",
                "-Dkinema.cuda.blocking=true");
            assertContains(failure(program::close), "illegal memory access");
            assertEquals(live, Kinema.kn_live_objects(), "a device on which nothing works any more is still given everything back");
            emulate(Kinema.KN_EMULATED_FAULT, NONE);
        }
        try (Program program = compile()) {
            run(program, 1);
        }
    }

    @Test
    void aFaultWhileBlockingNamesTheNode() {
        System.setProperty("kinema.cuda.blocking", "true");
        try (Program program = compile()) {
            run(program, 1);
            run(program, 1);
            assertFalse(((CudaProgram) program).replays());
            emulate(Kinema.KN_EMULATED_FAULT, 1);
            assertContains(failure(program::run), "elementwise.binary: ", "an illegal memory access", " Mul", "50, 120");
            emulate(Kinema.KN_EMULATED_FAULT, NONE);
        } finally {
            System.clearProperty("kinema.cuda.blocking");
        }
    }

    @Test
    void aMachineWithoutADriverOrADeviceSaysSo() {
        emulate(Kinema.KN_EMULATED_DEVICES, 0);
        String none = failure(() -> CudaDevice.open("cuda-emulated:0"));
        assertContains(none, "no CUDA-capable device is detected", "check with nvidia-smi", "CUDA_VISIBLE_DEVICES", "choose device cpu");
        assertFalse(none.contains("install"), none);
        emulate(Kinema.KN_EMULATED_DRIVER, 11080);
        assertContains(failure(() -> CudaDevice.open("cuda-emulated:0")), "driver version is insufficient", "serves CUDA 11.8",
            "built with 13.0", "install NVIDIA's driver (580 or newer, for CUDA 13)");
        emulate(Kinema.KN_EMULATED_DRIVER, 0);
        assertContains(failure(() -> CudaDevice.open("cuda-emulated:0")), "there is no NVIDIA driver on this machine",
            "install NVIDIA's driver", "choose device cpu");
    }

    @Test
    void aDeviceThatIsTooOldSaysSo() {
        emulate(Kinema.KN_EMULATED_CAPABILITY, 75);
        assertContains(failure(() -> CudaDevice.open("cuda-emulated:0")), "compute capability 7.5", "need 8.0");
    }

    @Test
    void aLibraryWithoutKernelsForTheDeviceSaysSo() {
        long live = Kinema.kn_live_objects();
        emulate(Kinema.KN_EMULATED_REFUSAL, 0);
        assertContains(failure(() -> CudaDevice.open("cuda-emulated:0")), "compute capability 8.0, does not run these kernels", "elementwise.fill",
            "-DKINEMA_CUDA_ARCHITECTURES=80");
        emulate(Kinema.KN_EMULATED_FAULT, 0);
        assertContains(failure(() -> CudaDevice.open("cuda-emulated:0")), "does not run these kernels", "illegal memory access");
        emulate(Kinema.KN_EMULATED_FAULT, NONE);
        assertEquals(live, Kinema.kn_live_objects());
        CudaDevice.open("cuda-emulated:0").close();
    }

    @Test
    void programsOfOneThreadDoNotDisturbEachOther() {
        Graph other = new Graph();
        other.output("y", Sigmoid.of(other.input("x", DType.F32, Shape.of(COLUMNS))));
        double[] firstAlone;
        double[] secondAlone;
        try (Program program = compile()) {
            firstAlone = run(program, 3);
        }
        try (Program program = device.compile(other, weights)) {
            secondAlone = run(program, 4);
        }
        try (Program first = compile(); Program second = device.compile(other, weights)) {
            for (int i = 0; i < 4; i++) {
                assertArrayEquals(firstAlone, run(first, 3));
                assertArrayEquals(secondAlone, run(second, 4));
            }
        }
    }
}
