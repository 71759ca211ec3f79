package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.ContextualizerConfig.Positions;
import dev.kinema.model.ContextualizerConfig.Projection;
import dev.kinema.nn.Activation;
import dev.kinema.nn.Pass;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ContextualizerTest {
    private static final ContextualizerConfig TINY = ContextualizerConfig.TXE.withSizes(6, 8, 2, 2, 16, 5);
    private static final int EVENTS = 4;
    private static final Shape FEATURES = Shape.of(1, EVENTS, 6);
    /** Roundings of float64 through two layers; events that do influence each other differ by far more than 1e-3. */
    private static final double SAME = 1e-12;

    private static long parameters(Graph graph, String prefix) {
        return graph.parameters().stream().filter(v -> Graph.variableOf(v).startsWith(prefix)).mapToLong(v -> v.shape().elements()).sum();
    }

    private static Graph graph(ContextualizerConfig config, int events) {
        Graph graph = new Graph();
        Value features = graph.input("features", DType.F32, Shape.of(2, events, config.inputWidth()));
        graph.output("events", new Contextualizer(config).apply(Pass.eval(graph), features));
        return graph;
    }

    @Test
    void sizesOfThePaper() {
        Graph graph = graph(ContextualizerConfig.TXE, 5);
        assertEquals(Shape.of(2, 5, 1024), graph.outputs().get("events").shape());
        assertEquals(3 * 8_399_872, parameters(graph, "encoder."));
        assertEquals(5 * 1024, parameters(graph, "positions."));
        assertEquals(2048 * 1024 + 1024, parameters(graph, "input_projection."));
        assertEquals(Shape.of(3072, 1024), graph.variables().get("encoder.layers.2.self_attn.in_proj_weight").shape());
        assertEquals(3_147_776, parameters(graph(ContextualizerConfig.TXE.withProjection(Projection.MLP), 5), "input_projection."));
    }

    @Test
    void finalNormIsASetting() {
        Graph graph = graph(TINY.withNorm(true, true, Activation.GELU), 3);
        assertTrue(graph.variables().containsKey("encoder.norm.weight"));
    }

    @Test
    void wrongSequences() {
        assertTrue(assertThrows(KinemaException.class, () -> graph(TINY, 6)).getMessage().contains("6 events"));
        Graph graph = new Graph();
        Value features = graph.input("features", DType.F32, Shape.of(1, 5, 7));
        assertTrue(assertThrows(KinemaException.class, () -> new Contextualizer(TINY).apply(Pass.eval(graph), features))
            .getMessage().contains("[B, N, 6]"));
    }

    /** Contextualised events of one sequence of random features, with a mask or padding if the arrays are given. */
    private static double[] run(ContextualizerConfig config, double[] features, long[] mask, long[] padding) {
        Graph graph = new Graph();
        Contextualizer contextualizer = new Contextualizer(config);
        Pass pass = Pass.eval(graph);
        Shape each = FEATURES.sub(0, 2);
        Value tokens = contextualizer.tokens(pass, graph.input("features", DType.F32, FEATURES));
        if (mask != null) {
            tokens = contextualizer.masked(pass, tokens, graph.input("mask", DType.U8, each));
        }
        graph.output("events", contextualizer.encode(pass, tokens, padding == null ? null : graph.input("padding", DType.U8, each)));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 3);
            try (Program program = device.compile(graph, weights)) {
                program.input("features").put(features);
                if (mask != null) {
                    program.input("mask").put(mask);
                }
                if (padding != null) {
                    program.input("padding").put(padding);
                }
                program.run();
                return program.output("events").toDoubles();
            }
        }
    }

    private static double[] features() {
        return GoldenFile.lcg(5, (int) FEATURES.elements());
    }

    /** The features with those of an event changed. */
    private static double[] changed(int event) {
        double[] features = features();
        Arrays.fill(features, event * 6, event * 6 + 6, 0.25);
        return features;
    }

    private static double[] event(double[] events, int i) {
        return Arrays.copyOfRange(events, i * 8, i * 8 + 8);
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += Math.abs(a[i] - b[i]);
        }
        return sum;
    }

    @Test
    void maskedEventIsNotSeen() {
        long[] mask = {0, 1, 0, 0};
        assertArrayEquals(run(TINY, features(), mask, null), run(TINY, changed(1), mask, null), SAME);
        assertTrue(distance(run(TINY, features(), mask, null), run(TINY, changed(2), mask, null)) > 1e-3, "other events are seen");
        assertTrue(distance(run(TINY, features(), mask, null), run(TINY, features(), null, null)) > 1e-3, "the token replaces the event");
        assertArrayEquals(run(TINY, features(), new long[EVENTS], null), run(TINY, features(), null, null), SAME);
    }

    @Test
    void paddedEventsAreNotAttendedTo() {
        long[] padding = {0, 0, 0, 1};
        double[] a = run(TINY, features(), null, padding);
        double[] b = run(TINY, changed(3), null, padding);
        for (int i = 0; i < 3; i++) {
            assertArrayEquals(event(a, i), event(b, i), SAME, "event " + i);
        }
    }

    @ParameterizedTest
    @EnumSource(Positions.class)
    void positionsTellEventsApart(Positions positions) {
        ContextualizerConfig config = TINY.withPositions(positions, 2);
        double[] swapped = features();
        System.arraycopy(features(), 0, swapped, 6, 6);
        System.arraycopy(features(), 6, swapped, 0, 6);
        double moved = distance(event(run(config, features(), null, null), 0), event(run(config, swapped, null, null), 1));
        if (positions == Positions.NONE) {
            assertEquals(0, moved, SAME);
        } else {
            assertTrue(moved > 1e-3, "moving an event must change it, changed " + moved);
        }
    }
}
