package dev.kinema.device.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.RingEnqueue;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contrast beyond its numbers: passes over the queue, and counts of rows that only the device sees. */
class ContrastTest {
    private static final int ROWS = 3;
    private static final int WIDTH = 4;
    private static final int CAPACITY = 7;

    private Device device;
    private Weights weights;

    @BeforeEach
    void open() {
        device = Emulated.device();
        weights = device.newWeights();
    }

    @AfterEach
    void close() {
        if (device != null) {
            weights.close();
            device.close();
        }
    }

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

    private double[] values(String name) {
        return weights.get(name).toDoubles();
    }
}
