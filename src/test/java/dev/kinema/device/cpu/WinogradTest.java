package dev.kinema.device.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.device.CaseGraph;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.DeviceConformance;
import dev.kinema.device.HostArray;
import dev.kinema.device.MemoryPlan;
import dev.kinema.device.OpCase;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Relu;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.dnnl.memory;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The cpu device's convolutions by Winograd's algorithm, which the shapes of the common cases are too small for. */
class WinogradTest {
    private static final Extent TIME = new Extent(3, 1, 1);
    private static final Extent SPACE = new Extent(1, 3, 3);

    private static final List<OpCase> CASES = List.of(
        new OpCase("1x3x3, two bands of columns, which end early", g -> network(g, SPACE, 64, 1, 5, 8, 27, 96)),
        new OpCase("1x3x3, rows that end early", g -> network(g, SPACE, 48, 1, 17, 7, 8, 96)),
        new OpCase("1x3x3, more outputs than inputs", g -> network(g, SPACE, 96, 1, 17, 8, 8, 32)),
        new OpCase("3x1x1, one tile", g -> network(g, TIME, 112, 2, 4, 8, 8, 112)),
        new OpCase("3x1x1, two tiles, fewer outputs", g -> network(g, TIME, 112, 1, 8, 4, 8, 128)),
        new OpCase("3x1x1, the last tile ends early", g -> network(g, TIME, 256, 1, 15, 4, 5, 256)));

    private static void network(CaseGraph g, Extent kernel, int outputs, int... x) {
        Value video = g.floats("x", x);
        Value weight = g.parameter("weight", 0.1, outputs, x[4], kernel.t(), kernel.h(), kernel.w());
        Value y = Conv3d.of(video, weight, Extent.ONE, new Extent(kernel.t() / 2, kernel.h() / 2, kernel.w() / 2));
        Value norm = g.graph().add(new BatchNormInference(1e-5), y, g.parameter("gamma", 1, outputs), g.parameter("beta", 1, outputs),
            g.state("mean", -1, 1, outputs), g.state("variance", 0.5, 1.5, outputs));
        g.output("y", Relu.of(norm));
    }

    @TestFactory
    Stream<DynamicTest> conformance() {
        return DeviceConformance.tests(Device.open("cpu", 2), Precision.FP32, CASES);
    }

    @TestFactory
    Stream<DynamicTest> casesAreComputedSo() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> {
            CaseGraph g = c.forward();
            try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
                weights.initialize(g.graph(), 1);
                for (boolean fuse : new boolean[] {true, false}) {
                    try (Program program = device.compile(g.graph(), weights, new Compilation(Precision.FP32, fuse))) {
                        assertTrue(program.describe().contains("winograd"), program.describe());
                    }
                }
            }
        }));
    }

    /** In a block full of NaN, scratch memory included, the numbers are those of a block that is not. */
    @TestFactory
    Stream<DynamicTest> nothingIsReadBeforeItIsWritten() {
        return CASES.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> {
            for (boolean fuse : new boolean[] {true, false}) {
                float[] plain = run(c.forward(), fuse, false);
                assertTrue(IntStream.range(0, plain.length).allMatch(i -> Float.isFinite(plain[i])), "all numbers are finite");
                assertArrayEquals(plain, run(c.forward(), fuse, true));
            }
        }));
    }

    private static float[] run(CaseGraph g, boolean fuse, boolean poisoned) {
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            g.variables().forEach(weights::put);
            try (CpuProgram program = (CpuProgram) device.compile(g.graph(), weights, new Compilation(Precision.FP32, fuse))) {
                g.inputs().forEach((name, array) -> program.input(name).put(array));
                if (poisoned) {
                    program.poison();
                }
                program.run();
                return program.output("y").toFloats();
            }
        }
    }

    /** Twelve frames would make two chunks of six: they are computed as three of four. */
    @Test
    void batchesOfThreeAreTheirClipsInSpace() {
        batchIsItsClips(SPACE, Shape.of(1, 4, 28, 28, 96));
    }

    @Test
    void batchesOfThreeAreTheirClipsInTime() {
        batchIsItsClips(TIME, Shape.of(1, 4, 40, 40, 112));
    }

    /**
     * A clip's numbers are to the bit those that it has alone. Not every processor's kernels show in the bits how many rows were computed at
     * once, by which oneDNN chooses them: so what the programs hold of these at a time is compared, too.
     */
    private static void batchIsItsClips(Extent kernel, Shape clip) {
        Shape three = Shape.of(3, clip.dim(1), clip.dim(2), clip.dim(3), clip.last());
        Map<String, Long> alone = bytesAtPoints(kernel, clip);
        Assertions.assertEquals(Set.of("input at points", "products"), alone.keySet());
        Assertions.assertEquals(alone, bytesAtPoints(kernel, three));
        int size = (int) clip.elements();
        float[] batch = run(kernel, 11, three, 0);
        for (int i = 0; i < 3; i++) {
            assertEquals(batch, run(kernel, 11, clip, i * size), i * size);
        }
    }

    /** What a program's chunk takes, by its name. */
    private static Map<String, Long> bytesAtPoints(Extent kernel, Shape x) {
        Graph graph = graph(kernel, x);
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, Compilation.FP32)) {
                return program.memoryPlan().blocks().stream().map(MemoryPlan.Block::request)
                    .filter(r -> r.name().equals("input at points") || r.name().equals("products"))
                    .collect(Collectors.toMap(MemoryPlan.Request::name, MemoryPlan.Request::bytes));
            }
        }
    }

    /** Every second number of a row is nothing that oneDNN's fast kernels take. */
    @Test
    void oneReferenceKernelTurnsAllDown() {
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            Lowering l = new Lowering((CpuDevice) device, new Graph(), (CpuWeights) weights, Compilation.FP32);
            Gemm fast = Gemm.of(l, 64, 32, 32, false, false, false);
            assertTrue(WinogradConvolutions.keepFast(l, List.of(fast)), fast.implementation());
            memory.desc sparse = Layouts.strided(DType.F32, new long[] {64, 32}, 64, 2);
            Gemm slow = new Gemm(l, sparse, Layouts.matrix(32, 32, DType.F32), sparse, false);
            assertTrue(slow.isReference(), slow.implementation());
            assertFalse(WinogradConvolutions.keepFast(l, List.of(fast, slow)));
        }
    }

    /** Four chunks of 4 frames, and two of them by themselves. */
    @Test
    void chunksOfFramesAreAlike() {
        float[] whole = run(SPACE, 7, Shape.of(1, 16, 28, 28, 96), 0);
        assertEquals(whole, run(SPACE, 7, Shape.of(1, 8, 28, 28, 96), 0), 0);
        assertEquals(whole, run(SPACE, 7, Shape.of(1, 8, 28, 28, 96), whole.length / 2), whole.length / 2);
    }

    /** Two clips of four chunks of 400 pixels; the second clip by itself. */
    @Test
    void chunksOfPixelsAndClipsAreAlike() {
        float[] whole = run(TIME, 5, Shape.of(2, 8, 40, 40, 128), 0);
        assertEquals(whole, run(TIME, 5, Shape.of(1, 8, 40, 40, 128), whole.length / 2), whole.length / 2);
        assertEquals(whole, run(TIME, 5, Shape.of(1, 8, 40, 40, 128), 0), 0);
        assertFalse(Arrays.equals(whole, 0, whole.length / 2, whole, whole.length / 2, whole.length), "the clips differ");
    }

    /** 32 tiles of a clip are too few for the weights, and so are those of two clips: batches change no clip's numbers. */
    @Test
    void batchesAreComputedLikeTheirClips() {
        for (int clips = 1; clips <= 2; clips++) {
            Graph graph = graph(SPACE, Shape.of(clips, 8, 8, 8, 96));
            try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
                weights.initialize(graph, 1);
                try (Program program = device.compile(graph, weights, Compilation.FP32)) {
                    assertFalse(program.describe().contains("winograd"), program.describe());
                }
            }
        }
    }

    private static void assertEquals(float[] whole, float[] part, int from) {
        assertArrayEquals(Arrays.copyOfRange(whole, from, from + part.length), part);
    }

    private static Graph graph(Extent kernel, Shape x) {
        Graph graph = new Graph();
        Value weight = graph.parameter("weight", Shape.of(x.last(), x.last(), kernel.t(), kernel.h(), kernel.w()), new Initializer.Normal(0.1));
        graph.output("y", Conv3d.of(graph.input("x", DType.F32, x), weight, Extent.ONE,
            new Extent(kernel.t() / 2, kernel.h() / 2, kernel.w() / 2)));
        return graph;
    }

    /** The result, in a block that was full of NaN, on numbers of which the first {@code skipped} are left out. */
    private static float[] run(Extent kernel, long seed, Shape x, int skipped) {
        Graph graph = graph(kernel, x);
        try (Device device = Device.open("cpu", 2); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (CpuProgram program = (CpuProgram) device.compile(graph, weights, Compilation.FP32)) {
                assertTrue(program.describe().contains("winograd"), program.describe());
                Random random = new Random(seed);
                for (int i = 0; i < skipped; i++) {
                    random.nextFloat();
                }
                HostArray in = program.input("x");
                for (int i = 0; i < in.elements(); i++) {
                    in.set(i, random.nextFloat() - 0.5);
                }
                program.poison();
                program.run();
                return program.output("y").toFloats();
            }
        }
    }
}
