package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.RingEnqueue;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** InfoNCE of a part of the rows and without the keys of the own film is the plain InfoNCE of what remains; the queue that goes with it. */
class QueueContrastTest {
    /** float32 products of other sizes may be summed in another order; the reference sums rows one by one, always in the same. */
    private static final Map<String, Double> ROUNDING = Map.of("reference", 1e-15, "cpu", 2e-6);
    private static final int WIDTH = 3;

    /** One of InfoNCE's ways of being added to a graph. */
    @FunctionalInterface
    private interface Adding {
        Node of(Value q, Value k, Value queue, double temperature, Value count, Value owners, Value queueOwners);
    }

    /** What a case feeds; owners and count may be null. */
    private record Contrast(double[] q, double[] k, double[] queue, long[] count, long[] owners, long[] queueOwners) {
        private static Value ints(Graph graph, String name, long[] values) {
            return values == null ? null : graph.input(name, DType.I32, Shape.of(values.length));
        }

        private static Value rows(Graph graph, String name, double[] values) {
            return graph.input(name, DType.F32, Shape.of(values.length / WIDTH, WIDTH));
        }

        /** Loss, log-sums, ranks and gradients. */
        Map<String, HostArray> run(String deviceName) {
            return run(deviceName, InfoNce::of, 0.1);
        }

        Map<String, HostArray> run(String deviceName, Adding adding, double temperature) {
            Graph graph = new Graph();
            Value x = rows(graph, "q", q);
            Value y = rows(graph, "k", k);
            Node loss = adding.of(x, y, rows(graph, "queue", queue), temperature, ints(graph, "count", count),
                ints(graph, "owners", owners), ints(graph, "queueOwners", queueOwners));
            List<Value> gradients = Gradients.of(loss.output(0), List.of(x, y));
            List<Value> outputs = List.of(loss.output(0), loss.output(1), loss.output(2), gradients.get(0), gradients.get(1));
            List<String> names = List.of("loss", "logSums", "ranks", "dq", "dk");
            IntStream.range(0, names.size()).forEach(i -> graph.output(names.get(i), outputs.get(i)));
            Map<String, HostArray> results = new TreeMap<>();
            try (Device device = Device.open(deviceName, 2); Weights weights = device.newWeights();
                Program program = device.compile(graph, weights)) {
                program.input("q").put(q);
                program.input("k").put(k);
                program.input("queue").put(queue);
                Map<String, long[]> integers = new TreeMap<>();
                Stream.of("count", "owners", "queueOwners").filter(graph.inputs()::containsKey)
                    .forEach(name -> integers.put(name, name.equals("count") ? count : name.equals("owners") ? owners : queueOwners));
                integers.forEach((name, values) -> program.input(name).put(values));
                program.run();
                names.forEach(name -> results.put(name, program.output(name).copy()));
            }
            return results;
        }
    }

    /** Rows of length about 1. */
    private static double[] rows(int count, int salt) {
        Philox philox = new Philox(3, 0, salt);
        return IntStream.range(0, count * WIDTH).mapToDouble(i -> (float) (philox.normal(i) / Math.sqrt(WIDTH))).toArray();
    }

    private static void close(String device, double[] expected, double[] actual, String what) {
        double size = Math.sqrt(Arrays.stream(expected).map(v -> v * v).sum());
        assertArrayEquals(expected, actual, ROUNDING.get(device) * size, what);
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void aPartOfTheRowsIsAsIfThereWereNoOthers(String device) {
        int all = 6;
        double[] queue = rows(50, 3);
        for (int count : new int[] {1, 4, all}) {
            double[] q = rows(all, 1);
            double[] k = rows(all, 2);
            double[] cutQ = Arrays.copyOf(q, count * WIDTH);
            double[] cutK = Arrays.copyOf(k, count * WIDTH);
            Map<String, HostArray> plain = new Contrast(cutQ, cutK, queue, null, null, null).run(device);
            // whose products overflow float32, as padding that was never written may
            Arrays.fill(q, count * WIDTH, q.length, 1e30);
            Arrays.fill(k, count * WIDTH, k.length, -1e30);
            Map<String, HostArray> part = new Contrast(q, k, queue, new long[] {count}, null, null).run(device);
            for (String name : List.of("loss", "logSums", "dq", "dk")) {
                double[] expected = plain.get(name).toDoubles();
                double[] actual = part.get(name).toDoubles();
                close(device, expected, Arrays.copyOf(actual, expected.length), name);
                assertTrue(Arrays.stream(actual, expected.length, actual.length).allMatch(v -> v == 0), name + " of padding");
            }
            long[] ranks = part.get("ranks").toLongs();
            assertArrayEquals(plain.get("ranks").toLongs(), Arrays.copyOf(ranks, count));
            assertTrue(Arrays.stream(ranks, count, all).allMatch(r -> r == -1), Arrays.toString(ranks));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void keysOfTheOwnFilmAreAsIfTheyWereNotThere(String device) {
        int keys = 4096 + 905;
        double[] q = rows(4, 1);
        double[] k = rows(4, 2);
        double[] queue = rows(keys, 3);
        long[] queueOwners = IntStream.range(0, keys).mapToLong(j -> j * 7L % 5 - 1).toArray();
        for (long owner : new long[] {2, InfoNce.NO_OWNER, 77}) {
            double[] others = IntStream.range(0, queue.length).filter(i -> owner == InfoNce.NO_OWNER || queueOwners[i / WIDTH] != owner)
                .mapToDouble(i -> queue[i]).toArray();
            assertEquals(owner == 2 ? 4000 : keys, others.length / WIDTH, 1);
            Map<String, HostArray> plain = new Contrast(q, k, others, null, null, null).run(device);
            long[] owners = {owner, owner, owner, owner};
            Map<String, HostArray> owned = new Contrast(q, k, queue, null, owners, queueOwners).run(device);
            List.of("loss", "logSums", "dq", "dk").forEach(name ->
                close(device, plain.get(name).toDoubles(), owned.get(name).toDoubles(), name + " of owner " + owner));
            assertArrayEquals(plain.get("ranks").toLongs(), owned.get("ranks").toLongs());
        }
    }

    /**
     * Rows of unit length, and a queue's of up to 7/4, whose scores are as far apart as may be: up to 52 at the smallest temperature for
     * which exponentials need no maximum, beyond that and within. float32 knows such logarithms to 2e-6, and so what they are of.
     */
    @ParameterizedTest
    @ValueSource(doubles = {1 / 30.0, 1 / 31.0, 0.07, 1})
    void whereScoresHaveABoundTheResultIsTheSame(double temperature) {
        double[] q = {1, 0, 0, -1, 0, 0, 0, 1, 0, 0.6, 0, 0.8};
        double[] k = {1, 0, 0, 1, 0, 0, 0, -1, 0, 0.8, 0, 0.6};
        double[] queue = {1.75, 0, 0, -1.75, 0, 0, 0, 0.5, 0, 0, 0, -1, 0, -1.75, 0, 0.6, 0, -0.8};
        Contrast contrast = new Contrast(q, k, queue, new long[] {4}, null, null);
        Map<String, HostArray> expected = contrast.run("reference", InfoNce::of, temperature);
        Map<String, HostArray> actual = contrast.run("cpu", InfoNce::ofUnitLength, temperature);
        for (String name : List.of("loss", "logSums", "dq", "dk")) {
            double size = Math.sqrt(Arrays.stream(expected.get(name).toDoubles()).map(v -> v * v).sum());
            assertArrayEquals(expected.get(name).toDoubles(), actual.get(name).toDoubles(), 4e-6 * size, name);
        }
        assertArrayEquals(expected.get("ranks").toLongs(), actual.get("ranks").toLongs());
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void withoutNegativesThereIsNothingToLearn(String device) {
        long[] films = {4, 4};
        Map<String, HostArray> results = new Contrast(rows(2, 1), rows(2, 2), rows(3, 3), null, films, new long[] {4, 4, 4}).run(device);
        assertEquals(0, results.get("loss").get(0));
        assertArrayEquals(new long[2], results.get("ranks").toLongs());
        for (String name : List.of("dq", "dk")) {
            assertTrue(Arrays.stream(results.get(name).toDoubles()).allMatch(v -> v == 0), name);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void aCountThatIsNoneOfTheRowsIsNamed(String device) {
        for (int count : new int[] {0, -1, 6}) {
            Contrast contrast = new Contrast(rows(5, 1), rows(5, 2), rows(7, 3), new long[] {count}, null, null);
            String message = assertThrows(KinemaException.class, () -> contrast.run(device)).getMessage();
            assertTrue(message.contains("count " + count + " is not one of 1 to 5 rows") && message.contains("InfoNce"), message);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reference", "cpu"})
    void ownersStayBesideTheirKeys(String deviceName) {
        Graph graph = new Graph();
        Value count = graph.input("count", DType.I32, Shape.of(1));
        Value keys = graph.state("queue", DType.F32, Shape.of(5, 1), Initializer.ZEROS);
        Value owners = graph.state("queue.owners", DType.I32, Shape.of(5), new Initializer.Constant(InfoNce.NO_OWNER));
        Value at = graph.state("at", DType.I64, Shape.of(1), Initializer.ZEROS);
        Value ownersAt = graph.state("owners.at", DType.I64, Shape.of(1), Initializer.ZEROS);
        RingEnqueue.of(keys, at, graph.input("keys", DType.F32, Shape.of(3, 1)), count);
        RingEnqueue.of(owners, ownersAt, graph.input("films", DType.I32, Shape.of(3)), count);
        try (Device device = Device.open(deviceName, 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights)) {
                program.input("keys").put(10.0, 11, 12);
                program.input("films").put(10L, 11, 12);
                int[] counts = {3, 0, 1, 2};
                long[][] expected = {{10, 11, 12, -1, -1}, {10, 11, 12, -1, -1}, {10, 11, 12, 10, -1}, {11, 11, 12, 10, 10}};
                for (int step = 0; step < counts.length; step++) {
                    program.input("count").put((long) counts[step]);
                    program.run();
                    assertArrayEquals(expected[step], weights.get("queue.owners").toLongs(), "step " + step);
                    long[] held = Arrays.stream(expected[step]).map(owner -> Math.max(0, owner)).toArray();
                    assertArrayEquals(held, Arrays.stream(weights.get("queue").toDoubles()).mapToLong(v -> (long) v).toArray());
                }
                assertEquals(1, weights.get("at").getLong(0));
                assertEquals(1, weights.get("owners.at").getLong(0));
                for (long wrong : new long[] {-1, 4}) {
                    program.input("count").put(wrong);
                    String message = assertThrows(KinemaException.class, program::run).getMessage();
                    assertTrue(message.contains("count " + wrong + " is not one of 0 to 3 rows"), message);
                }
                assertEquals(1, weights.get("at").getLong(0), "nothing was written");
            }
        }
    }
}
