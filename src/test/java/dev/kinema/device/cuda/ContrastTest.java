package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.HostArray;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Slice;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Contrast beyond its numbers: passes over the queue, and counts of rows that only the device sees. */
class ContrastTest extends OnEmulatedDevice {
    private static final int ROWS = 3;
    private static final int WIDTH = 4;
    private static final int CAPACITY = 7;

    private static Value queue(Graph graph) {
        return graph.state("queue", DType.F32, Shape.of(CAPACITY, WIDTH), new Initializer.Normal(1));
    }

    @Test
    void theQueueIsReadOnceWhereTheGradientIsAskedForToo() {
        Graph graph = new Graph();
        int width = 8;
        Value q = graph.parameter("q", Shape.of(ROWS, width), new Initializer.Normal(1));
        Value queue = graph.state("queue", DType.F32, Shape.of(CAPACITY, width), new Initializer.Normal(1));
        Value loss = InfoNce.of(q, graph.input("k", DType.F32, Shape.of(ROWS, width)), queue, 0.2).output(0);
        graph.output("loss", loss);
        weights.initialize(graph, 1);
        try (Program alone = device.compile(graph, weights, Compilation.BF16)) {
            assertTrue(alone.describe().contains("infonce.loss"), alone.describe());
        }
        graph.output("dq", Gradients.of(loss, List.of(q)).get(0));
        try (Program both = device.compile(graph, weights, Compilation.BF16)) {
            String steps = both.describe();
            assertTrue(steps.contains("infonce.one_pass") && steps.contains("infonce.pull"), steps);
            assertFalse(steps.contains("infonce.loss") || steps.contains("infonce.gradient"), steps);
        }
    }

    /** A key at the end is all that its part of the queue has. */
    @ParameterizedTest
    @CsvSource({"BF16, 8, 7, 0", "BF16, 8, 65, 64", "BF16, 8, 130, 70", "BF16, 136, 33, 32", "BF16, 17, 7, 0", "FP32, 8, 33, 32",
        "FP32, 9, 130, 70", "FP32, 136, 17, 16", "FP32, 257, 7, 0"})
    void aKeyThatIsNoNumberIsSeenInTheLoss(Precision precision, int width, int capacity, int key) {
        Graph graph = new Graph();
        Value q = graph.parameter("q", Shape.of(ROWS, width), new Initializer.Normal(1));
        Value queue = graph.state("queue", DType.F32, Shape.of(capacity, width), new Initializer.Normal(1));
        Value loss = InfoNce.of(q, graph.input("k", DType.F32, Shape.of(ROWS, width)), queue, 0.2).output(0);
        graph.output("loss", loss);
        weights.initialize(graph, 1);
        HostArray finite = HostArray.of(Shape.of(capacity, width), values("queue"));
        for (boolean both : new boolean[] {false, true}) {
            if (both) {
                graph.output("dq", Gradients.of(loss, List.of(q)).get(0));
            }
            weights.put("queue", finite);
            try (Program program = device.compile(graph, weights, new Compilation(precision, true))) {
                program.run();
                assertTrue(Double.isFinite(program.output("loss").get(0)));
                double[] keys = values("queue");
                Arrays.fill(keys, key * width, (key + 1) * width, Double.NaN);
                weights.put("queue", HostArray.of(Shape.of(capacity, width), keys));
                program.run();
                assertTrue(Double.isNaN(program.output("loss").get(0)));
                assertTrue(!both || Arrays.stream(program.output("dq").toDoubles()).allMatch(Double::isNaN));
            }
        }
    }

    /** The variant is the one that stores no scores; 512 keys or fewer are for the plain one where the loss is all that is asked for. */
    @ParameterizedTest
    @ValueSource(ints = {1, 17, 128, 256})
    void rowsOfFloatAreContrastedInRegisters(int width) {
        Graph graph = new Graph();
        Value q = graph.parameter("q", Shape.of(ROWS, width), new Initializer.Normal(0.1));
        Value queue = graph.state("queue", DType.F32, Shape.of(513, width), new Initializer.Normal(0.1));
        Value loss = InfoNce.of(q, graph.input("k", DType.F32, Shape.of(ROWS, width)), queue, 0.5).output(0);
        graph.output("loss", loss);
        weights.initialize(graph, 1);
        assertRefused("infonce.loss v4", graph, 0);
        graph.output("dq", Gradients.of(loss, List.of(q)).get(0));
        assertRefused("infonce.one_pass v4", graph, 1);  // after the gradient of the loss, 1
    }

    /** What is said where a launch of the program is refused. */
    private void assertRefused(String said, Graph graph, int launch) {
        try (Program program = device.compile(graph, weights, Compilation.FP32)) {
            Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, launch);
            assertSaid(said, program);
        } finally {
            Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, -1);
        }
    }

    /** MoCo's loss both ways, from rows and keys that are normalised first; the rows are an output, the keys go into the queue. */
    private static Graph contrast(int width) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(2 * ROWS, width));
        Value rows = L2Normalize.of(Linear.of(x, graph.parameter("w", Shape.of(width, width), new Initializer.Normal(1)), null));
        Value keys = L2Normalize.of(Linear.of(graph.input("k", DType.F32, Shape.of(2 * ROWS, width)),
            graph.parameter("v", Shape.of(width, width), new Initializer.Normal(1)), null));
        Value queue = graph.state("queue", DType.F32, Shape.of(CAPACITY, width), new Initializer.Uniform(Math.sqrt(3.0 / width)));
        Value[] ways = new Value[2];
        for (int way = 0; way < 2; way++) {
            ways[way] = InfoNce.ofUnitLength(Slice.of(rows, 0, way * ROWS, ROWS), Slice.of(keys, 0, (1 - way) * ROWS, ROWS), queue, 0.2, null,
                null, null).output(0);
        }
        Value loss = Add.of(ways[0], ways[1]);
        RingEnqueue.of(queue, graph.state("pointer", DType.I64, Shape.of(1), new Initializer.Constant(4)), keys);
        graph.output("loss", loss);
        graph.output("rows", rows);
        graph.output("dx", Gradients.of(loss, List.of(x)).get(0));
        return graph;
    }

    private record Outcome(String steps, List<double[]> values) {
        void assertNear(Outcome other, double bound) {
            for (int i = 0; i < values.size(); i++) {
                assertArrayEquals(other.values.get(i), values.get(i), bound, "number " + i + ", " + steps);
            }
        }
    }

    private Outcome outcome(Graph graph, Precision precision, boolean fuse) {
        try (Weights own = device.newWeights(); Program program = compiled(graph, own, new Compilation(precision, fuse))) {
            for (String name : graph.inputs().keySet()) {
                HostArray array = program.input(name);
                for (int i = 0; i < array.elements(); i++) {
                    array.set(i, name.equals("k") ? Math.sin(i) : Math.cos(3 * i));
                }
            }
            program.run();
            List<double[]> values = new ArrayList<>();
            graph.outputs().keySet().forEach(name -> values.add(program.output(name).toDoubles()));
            own.names().forEach(name -> values.add(own.get(name).toDoubles()));
            return new Outcome(program.describe(), values);
        }
    }

    private Program compiled(Graph graph, Weights own, Compilation how) {
        own.initialize(graph, 7);
        return device.compile(graph, own, how);
    }

    @ParameterizedTest
    @CsvSource({"FP32, 17", "FP32, 8", "FP32, 136", "BF16, 8", "BF16, 136", "BF16, 17"})
    void contrastsNormalizeTheRowsThatTheyRead(Precision precision, int width) {
        Outcome together = outcome(contrast(width), precision, true);
        assertTrue(together.steps.contains("infonce.normalize+one_pass") && together.steps.contains("infonce.pull+normalize_gradient"),
            together.steps);
        for (String gone : List.of("L2Normalize", "Slice", "Pad", "L2NormalizeGradient")) {
            assertFalse(together.steps.contains(gone + ":"), together.steps);
        }
        Outcome apart = outcome(contrast(width), precision, false);
        assertTrue(apart.steps.contains("infonce.normalize\n") && apart.steps.contains("infonce.normalize_gradient"), apart.steps);
        // the same products; positives, and what is along a row, are summed in another order, and a gradient is up to 10
        together.assertNear(apart, 1e-5);
    }

    /** CVRL's loss, of two views of each film, all of whose rows are normalised first; and the rows as an output. */
    private static Graph batchContrast(int films, int width) {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(2 * films, width));
        Value rows = L2Normalize.of(Linear.of(x, graph.parameter("w", Shape.of(width, width), new Initializer.Normal(1)), null));
        Value loss = InBatchInfoNce.of(Slice.of(rows, 0, 0, films), Slice.of(rows, 0, films, films), 0.2).output(0);
        graph.output("loss", loss);
        graph.output("rows", rows);
        graph.output("dx", Gradients.of(loss, List.of(x)).get(0));
        return graph;
    }

    /** By the plain kernels, and, beyond 64 films, from tables of products. */
    @ParameterizedTest
    @CsvSource({"FP32, 3, 17", "FP32, 66, 8", "BF16, 3, 8", "BF16, 3, 17", "BF16, 66, 24", "BF16, 66, 17"})
    void contrastsWithinABatchNormalizeTheRowsThatTheyRead(Precision precision, int films, int width) {
        Outcome together = outcome(batchContrast(films, width), precision, true);
        assertTrue(together.steps.contains("infonce.normalize+batch_loss")
            && together.steps.contains("infonce.batch_gradient+normalize_gradient"), together.steps);
        for (String gone : List.of("L2Normalize", "Slice", "Pad", "Add", "L2NormalizeGradient")) {
            assertFalse(together.steps.contains(gone + ":"), together.steps);
        }
        Outcome apart = outcome(batchContrast(films, width), precision, false);
        assertTrue(apart.steps.contains("infonce.normalize\n") && apart.steps.contains("infonce.normalize_gradient"), apart.steps);
        // as above
        together.assertNear(apart, 1e-5);
    }

    /** The gradient of the view that is normalised goes through that, the other's does not. */
    @Test
    void aViewMayBeNormalizedAndTheOtherComeAsItIs() {
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(ROWS, WIDTH));
        Value other = graph.input("other", DType.F32, Shape.of(ROWS, WIDTH));
        Value loss = InBatchInfoNce.of(L2Normalize.of(x), other, 0.2).output(0);
        graph.output("loss", loss);
        List<Value> gradients = Gradients.of(loss, List.of(x, other));
        graph.output("dx", gradients.get(0));
        graph.output("of the other", gradients.get(1));
        Outcome together = outcome(graph, Precision.FP32, true);
        assertTrue(together.steps.contains("infonce.batch_gradient+normalize_gradient"), together.steps);
        together.assertNear(outcome(graph, Precision.FP32, false), 1e-5);
    }

    @Test
    void rowsThatOthersReadBeforeTheContrastAreNormalizedBefore() {
        Graph graph = contrast(8);
        Node contrast = graph.nodes().stream().filter(n -> n.op() instanceof InfoNce).findFirst().orElseThrow();
        Value rows = contrast.input(0).node().input(0);
        graph.output("twice", Scale.of(rows, 2));
        Outcome together = outcome(graph, Precision.FP32, true);
        assertFalse(together.steps.contains("infonce.pull+normalize_gradient"), together.steps);
        assertTrue(together.steps.contains("infonce.normalize+one_pass"), "of keys: " + together.steps);
        together.assertNear(outcome(graph, Precision.FP32, false), 1e-5);
    }

    private static void feed(Program program, int count, String... names) {
        for (String name : names) {
            HostArray array = program.input(name);
            for (int i = 0; i < array.elements(); i++) {
                array.set(i, (i % 5 - 2) / 4.0);
            }
        }
        program.input("count").put(count);
    }

    private static void assertSaid(String text, Program program) {
        String message = assertThrows(KinemaException.class, program::run).getMessage();
        assertTrue(message.contains(text), message);
    }

    @Test
    void aLossOfMoreRowsThanThereAreOrOfNoneIsAnError() {
        Graph graph = new Graph();
        Value q = graph.input("q", DType.F32, Shape.of(ROWS, WIDTH));
        Value k = graph.input("k", DType.F32, Shape.of(ROWS, WIDTH));
        Value count = graph.input("count", DType.I32, Shape.of(1));
        graph.output("loss", InfoNce.of(q, k, queue(graph), 0.2, count, null, null).output(0));
        weights.initialize(graph, 1);
        try (Program program = device.compile(graph, weights)) {
            for (int wrong : new int[] {0, ROWS + 1, -1}) {
                feed(program, wrong, "q", "k");
                assertSaid("count " + wrong + " is not one of 1 to 3 rows", program);
            }
            feed(program, ROWS, "q", "k");
            program.run();
            assertTrue(Double.isFinite(program.output("loss").get(0)));
        }
    }

    @Test
    void aRingTakesNoMoreRowsThanThereAreAndNoPointerOfAnotherRing() {
        Graph graph = new Graph();
        Value rows = graph.input("rows", DType.F32, Shape.of(ROWS, WIDTH));
        Value count = graph.input("count", DType.I32, Shape.of(1));
        Value pointer = graph.state("pointer", DType.I64, Shape.of(1), new Initializer.Constant(0));
        RingEnqueue.of(queue(graph), pointer, rows, count);
        weights.initialize(graph, 1);
        double[] before = values("queue");
        try (Program program = device.compile(graph, weights)) {
            for (int wrong : new int[] {-1, ROWS + 1}) {
                feed(program, wrong, "rows");
                assertSaid("count " + wrong + " is not one of 0 to 3 rows", program);
            }
            weights.put("pointer", HostArray.of(Shape.of(1), (long) CAPACITY));
            feed(program, 2, "rows");
            assertSaid("the pointer is at 7 in a queue of 7 rows", program);
            assertArrayEquals(before, values("queue"));
            weights.put("pointer", HostArray.of(Shape.of(1), CAPACITY - 1L));
            program.run();
            assertEquals(1, weights.get("pointer").getLong(0));
            double[] after = values("queue");
            int last = (CAPACITY - 1) * WIDTH;
            assertArrayEquals(Arrays.copyOfRange(before, WIDTH, last), Arrays.copyOfRange(after, WIDTH, last));
            assertEquals(-0.5, after[last], "the first row is at the end of the ring");
            assertEquals(0.5, after[0], "the second at its beginning");
        }
    }

    /** A loss against a queue into which its keys go; the third run's wrap around its end. */
    private static Graph ring() {
        Graph graph = new Graph();
        Value k = graph.input("k", DType.F32, Shape.of(ROWS, WIDTH));
        Value queue = queue(graph);
        graph.output("loss", InfoNce.of(graph.parameter("q", Shape.of(ROWS, WIDTH), new Initializer.Normal(1)), k, queue, 0.2).output(0));
        RingEnqueue.of(queue, graph.state("pointer", DType.I64, Shape.of(1), new Initializer.Constant(0)), k);
        return graph;
    }

    private static double run(Program program, int from) {
        HostArray k = program.input("k");
        for (int i = 0; i < k.elements(); i++) {
            k.set(i, Math.sin(from * 100 + i));
        }
        program.run();
        return program.output("loss").get(0);
    }

    /** The loss of a program that has converted the whole queue. */
    private double fresh(Weights own, int from) {
        try (Program program = device.compile(ring(), own, Compilation.BF16)) {
            return run(program, from);
        }
    }

    @Test
    void theQueueIsConvertedOnceAndThenKeptUp() {
        try (Weights own = device.newWeights()) {
            weights.initialize(ring(), 3);
            own.initialize(ring(), 3);
            try (Program program = device.compile(ring(), weights, Compilation.BF16)) {
                String steps = program.describe();
                assertEquals(1, conversions(steps, "run "), "of k: " + steps);
                assertEquals(2, conversions(steps, "once "), "of q and the queue: " + steps);
                for (int step = 0; step < 8; step++) {
                    if (step == 5) {
                        double[] changed = Arrays.stream(values("queue")).map(x -> 0.5 - x).toArray();
                        HostArray other = HostArray.of(Shape.of(CAPACITY, WIDTH), changed);
                        weights.put("queue", other);
                        own.put("queue", other);
                    }
                    assertEquals(fresh(own, step), run(program, step), "step " + step);
                }
                assertTrue(((CudaProgram) program).replays());
            }
        }
    }

    private static long conversions(String steps, String when) {
        return steps.lines().filter(s -> s.startsWith(when) && s.contains("elementwise.convert")).count();
    }

    @Test
    void aRunThatFailsLeavesTheCopyOfTheQueueAsTheQueueIs() {
        weights.initialize(ring(), 3);
        boolean failed = true;
        for (int launches = 0; failed; launches++) {
            try (Program program = device.compile(ring(), weights, Compilation.BF16); Weights own = device.newWeights()) {
                Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, launches);
                failed = isRefused(program, launches);
                Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, -1);
                weights.names().forEach(name -> own.put(name, weights.get(name)));
                assertEquals(fresh(own, 50), run(program, 50), "after a refusal of launch " + launches);
            } finally {
                Kinema.kn_emulate(Kinema.KN_EMULATED_REFUSAL, -1);
            }
        }
    }

    private static boolean isRefused(Program program, int from) {
        try {
            run(program, from);
            return false;
        } catch (KinemaException e) {
            assertTrue(e.getMessage().contains("refused"), e.getMessage());
            return true;
        }
    }

    private double[] values(String name) {
        return weights.get(name).toDoubles();
    }
}
