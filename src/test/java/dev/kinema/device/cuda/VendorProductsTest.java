package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Program;
import dev.kinema.device.Vendor;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import dev.kinema.graph.op.Relu;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs on the emulated device whose products a library does, or could. */
class VendorProductsTest {
    @BeforeEach
    void needsTheEmulator() {
        Emulated.device().close();
    }

    private static CudaDevice open(Vendor vendor, FakeLibrary<Product> library) {
        return CudaDevice.open("cuda-emulated:0", index -> new VendorChoice(vendor, library, null, new VendorTrial(index)));
    }

    /** Two linear layers of one shape and two products of another. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(8, 32));
        for (int layer = 0; layer < 2; layer++) {
            Value w = graph.state("w" + layer, DType.F32, Shape.of(32, 32), new Initializer.Uniform(0.2));
            Value b = graph.state("b" + layer, DType.F32, Shape.of(32), new Initializer.Uniform(1));
            x = Relu.of(Linear.of(x, w, b));
        }
        graph.output("y", MatMul.of(MatMul.of(x, x, false, true), MatMul.of(x, x, false, true), false, true));
        return graph;
    }

    /** What {@code runs} runs leave; that none changes anything, and the description of the program. */
    private static String run(CudaDevice device, Compilation how, int runs, float[] result) {
        Graph graph = graph();
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, how)) {
                for (int i = 0; i < 32 * 8; i++) {
                    program.input("x").set(i, Math.sin(i));
                }
                for (int r = 0; r < runs; r++) {
                    program.run();
                    float[] y = program.output("y").toFloats();
                    if (r > 0) {
                        assertArrayEquals(result, y, "run " + r);
                    }
                    System.arraycopy(y, 0, result, 0, y.length);
                }
                return program.describe();
            }
        }
    }

    @Test
    void aLibraryDoesTheProductsOfAProgramReplayedToo() {
        float[] own = new float[64];
        try (CudaDevice device = CudaDevice.open("cuda-emulated:0")) {
            String description = run(device, Compilation.FP32, 3, own);
            assertTrue(description.contains(": matmul+bias+relu") && !description.contains("fake"), description);
        }
        for (Compilation how : new Compilation[] {Compilation.FP32, Compilation.BF16}) {
            FakeLibrary<Product> library = new FakeLibrary<>(0);
            float[] vendors = new float[64];
            try (CudaDevice device = open(Vendor.ALWAYS, library)) {
                String description = run(device, how, 4, vendors);
                assertTrue(description.contains(": fake+bias+relu") && !description.contains(": matmul"), description);
                assertFalse(library.isClosed());
            }
            assertTrue(library.isClosed());
            if (how == Compilation.FP32) {
                assertArrayEquals(own, vendors, "the fake's are our kernels");
            }
        }
    }

    /** The program reads weights that are there; its trial wants memory for as many again. */
    @Test
    void aTrialThatFindsNoMemoryLeavesOursAndTheProgramRuns() {
        int size = 512;
        Graph graph = new Graph();
        Value w = graph.state("w", DType.F32, Shape.of(size, size), new Initializer.Uniform(0.2));
        graph.output("y", Linear.of(graph.input("x", DType.F32, Shape.of(1, size)), w, null));
        try (CudaDevice device = open(Vendor.AUTO, new FakeLibrary<>(0)); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            long total = Kinema.kn_device_property(0, Kinema.KN_MEMORY_TOTAL);
            long used = total - Kinema.kn_device_property(0, Kinema.KN_MEMORY_FREE);
            Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, used + 4L * size * size - 1);
            try (Program program = device.compile(graph, weights)) {
                program.run();
                String description = program.describe();
                assertTrue(description.contains(": our own, untimed, as the trial of it failed: the trial of a product of 1 x 1 x 512")
                    && !description.contains(": fake"), description);
            } finally {
                Kinema.kn_emulate(Kinema.KN_EMULATED_MEMORY, total);
            }
        }
    }

    @Test
    void autoTimesOnceAShapeAndLeavesASlowLibrary() {
        FakeLibrary<Product> library = new FakeLibrary<>(20);
        float[] y = new float[64];
        try (CudaDevice device = open(Vendor.AUTO, library)) {
            String description = run(device, Compilation.FP32, 1, y);
            assertFalse(description.contains(": fake"), description);
            int kinds = library.asked().size();
            int launches = library.launches();
            assertEquals(3, kinds, "linear layers; x x^T; their product");
            assertTrue(description.lines().filter(l -> l.startsWith("a product of 1 x ") && l.contains(": our own, ")).count() == kinds,
                description);
            run(device, Compilation.FP32, 2, y);
            assertEquals(kinds, library.asked().size(), "the device remembers");
            assertEquals(launches, library.launches());
        }
    }

    /** A residual joins our product, and would be a step of its own after the library's. */
    @Test
    void autoKeepsOurProductsThatDoWhatFollows() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(8, 32));
        Value y = x;
        for (String name : new String[] {"v", "w"}) {
            Value layer = Linear.of(y, graph.state(name, DType.F32, Shape.of(32, 32), new Initializer.Uniform(0.2)), null);
            y = name.equals("v") ? Add.of(layer, x) : layer;
        }
        graph.output("y", y);
        for (Vendor vendor : new Vendor[] {Vendor.AUTO, Vendor.ALWAYS}) {
            FakeLibrary<Product> library = new FakeLibrary<>(0);
            VendorChoice.Stopwatch faster = (contraction, way) -> way == null ? 2 : 1;
            try (CudaDevice device = CudaDevice.open("cuda-emulated:0", index -> new VendorChoice(vendor, library, null, faster));
                Weights weights = device.newWeights()) {
                weights.initialize(graph, 1);
                try (Program program = device.compile(graph, weights, Compilation.FP32)) {
                    program.run();
                    String steps = program.describe();
                    long theirs = steps.lines().filter(l -> l.startsWith("run ") && l.contains(": fake")).count();
                    assertEquals(vendor == Vendor.AUTO ? 1 : 2, theirs, steps);
                    assertEquals(vendor == Vendor.AUTO, steps.contains(": matmul+residual"), steps);
                }
            }
        }
    }

    @Test
    void aFailureOfTheLibraryNamesTheNode() {
        FakeLibrary<Product> library = new FakeLibrary<>(0);
        try (CudaDevice device = open(Vendor.ALWAYS, library)) {
            library.fail("out of luck");
            KinemaException failure = assertThrows(KinemaException.class, () -> run(device, Compilation.FP32, 1, new float[64]));
            String message = failure.getMessage();
            assertTrue(message.startsWith("out of luck (at ") && message.contains("Linear"), message);
            library.fail(null);
            run(device, Compilation.FP32, 3, new float[64]);
        }
    }

    @Test
    void aRefusalUnderAlwaysNamesTheNode() {
        FakeLibrary<Product> library = new FakeLibrary<>(0);
        library.refuse("odd sizes");
        try (CudaDevice device = open(Vendor.ALWAYS, library)) {
            KinemaException failure = assertThrows(KinemaException.class, () -> run(device, Compilation.FP32, 1, new float[64]));
            assertTrue(failure.getMessage().startsWith("fake does not do a product of 1 x 8 x 32 and 32 x 32 (transposed)")
                && failure.getMessage().contains("(at "), failure.getMessage());
        }
    }
}
