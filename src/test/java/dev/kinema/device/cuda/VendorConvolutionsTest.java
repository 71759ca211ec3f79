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
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Relu;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Programs on the emulated device whose convolutions a library does, or could, beside one for products. */
class VendorConvolutionsTest {
    private static final Shape MAP = Shape.of(1, 2, 4, 4, 16);
    private static final Extent PADDING = new Extent(0, 1, 1);

    @BeforeEach
    void needsTheEmulator() {
        Emulated.device().close();
    }

    private static CudaDevice open(Vendor vendor, FakeLibrary<Product> products, FakeLibrary<Convolution> convolutions) {
        return CudaDevice.open("cuda-emulated:0", index -> new VendorChoice(vendor, products, convolutions, new VendorTrial(index)));
    }

    /** A convolution, one with all that may follow it and a residual that nobody reads again, their gradients, and a linear layer. */
    private static Graph graph() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, MAP);
        Value w = graph.state("w", DType.F32, Shape.of(16, 16, 1, 3, 3), new Initializer.Uniform(0.1));
        Value b = graph.state("b", DType.F32, Shape.of(16), new Initializer.Uniform(1));
        Value plain = Conv3d.of(x, w, Extent.ONE, PADDING);
        Value added = Relu.of(graph.input("z", DType.F32, MAP));
        Value fused = graph.append(new FusedConv3d(Extent.ONE, PADDING, true, true), List.of(plain, w, b, added)).output(0);
        graph.output("y", Linear.of(fused, graph.state("v", DType.F32, Shape.of(8, 16), new Initializer.Uniform(0.3)), null));
        graph.output("dx", graph.append(new Conv3dInputGradient(Extent.ONE, PADDING, MAP), List.of(plain, w)).output(0));
        graph.output("dw",
            graph.append(new Conv3dWeightGradient(Extent.ONE, PADDING, Shape.of(16, 16, 1, 3, 3)), List.of(x, plain)).output(0));
        return graph;
    }

    /** What the last of {@code runs} runs leaves in {@code results}, as each before it has to; the description of the program. */
    private static String run(CudaDevice device, Compilation how, int runs, TreeMap<String, double[]> results) {
        Graph graph = graph();
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, how)) {
                for (int i = 0; i < MAP.elements(); i++) {
                    program.input("x").set(i, Math.sin(i));
                    program.input("z").set(i, Math.cos(i));
                }
                for (int r = 0; r < runs; r++) {
                    program.run();
                    for (String name : graph.outputs().keySet()) {
                        double[] values = program.output(name).toDoubles();
                        double[] before = results.put(name, values);
                        if (r > 0) {
                            assertArrayEquals(before, values, name + " of run " + r);
                        }
                    }
                }
                return program.describe();
            }
        }
    }

    @Test
    void aLibraryDoesTheConvolutionsOfAProgramReplayedToo() {
        for (Compilation how : new Compilation[] {Compilation.FP32, Compilation.BF16}) {
            TreeMap<String, double[]> own = new TreeMap<>();
            try (CudaDevice device = CudaDevice.open("cuda-emulated:0")) {
                String description = run(device, how, 1, own);
                assertTrue(description.contains(": conv3d.forward+bias+residual+relu"), description);
            }
            FakeLibrary<Product> products = new FakeLibrary<>(0);
            FakeLibrary<Convolution> convolutions = new FakeLibrary<>(0);
            TreeMap<String, double[]> vendors = new TreeMap<>();
            try (CudaDevice device = open(Vendor.ALWAYS, products, convolutions)) {
                String description = run(device, how, 4, vendors);
                for (String step : List.of(".forward", ".forward+bias+residual+relu", ".input_gradient", ".weight_gradient")) {
                    assertTrue(description.contains(": fake" + step), step + " of " + description);
                }
                assertFalse(description.contains(": conv3d.") || description.contains(": matmul"), description);
                assertEquals(1, products.asked().size());
                assertEquals(4, convolutions.asked().size());
            }
            assertTrue(products.isClosed() && convolutions.isClosed());
            own.forEach((name, values) -> assertArrayEquals(values, vendors.get(name), "the fake's are our kernels: " + name));
        }
    }

    @Test
    void autoTimesOnceAShapeAndLeavesASlowLibrary() {
        FakeLibrary<Convolution> convolutions = new FakeLibrary<>(20);
        try (CudaDevice device = open(Vendor.AUTO, null, convolutions)) {
            String description = run(device, Compilation.FP32, 1, new TreeMap<>());
            assertFalse(description.contains(": fake"), description);
            for (String kind : List.of("a convolution of ", "the gradient of ")) {
                assertEquals(2, description.lines().filter(l -> l.startsWith(kind) && l.contains(": our own, ")).count(), description);
            }
            int launches = convolutions.launches();
            run(device, Compilation.FP32, 1, new TreeMap<>());
            assertEquals(4, convolutions.asked().size(), "the device remembers");
            assertEquals(launches, convolutions.launches());
            run(device, Compilation.BF16, 1, new TreeMap<>());
            assertEquals(8, convolutions.asked().size(), "other types take other times");
        }
    }

    @Test
    void aRefusalIsAnErrorOnlyUnderAlways() {
        FakeLibrary<Convolution> convolutions = new FakeLibrary<>(0);
        convolutions.refuse("odd sizes");
        try (CudaDevice device = open(Vendor.AUTO, null, convolutions)) {
            String description = run(device, Compilation.FP32, 1, new TreeMap<>());
            assertTrue(description.contains(": our own, as fake does not do it: odd sizes"), description);
        }
        try (CudaDevice device = open(Vendor.ALWAYS, null, convolutions)) {
            KinemaException failure = assertThrows(KinemaException.class, () -> run(device, Compilation.FP32, 1, new TreeMap<>()));
            assertTrue(failure.getMessage().startsWith("fake does not do a convolution of [1, 2, 4, 4, 16] with [16, 16, 1, 3, 3], stride")
                && failure.getMessage().contains("(odd sizes): choose --vendor auto") && failure.getMessage().contains("(at "),
                failure.getMessage());
        }
    }

    @Test
    void aFailureOfTheLibraryNamesTheNode() {
        FakeLibrary<Convolution> convolutions = new FakeLibrary<>(0);
        try (CudaDevice device = open(Vendor.ALWAYS, null, convolutions)) {
            convolutions.fail("out of luck");
            KinemaException failure = assertThrows(KinemaException.class, () -> run(device, Compilation.FP32, 1, new TreeMap<>()));
            String message = failure.getMessage();
            assertTrue(message.startsWith("out of luck (at ") && message.contains("Conv3d"), message);
        }
    }
}
