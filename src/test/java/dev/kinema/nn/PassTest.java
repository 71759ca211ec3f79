package dev.kinema.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Reshape;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PassTest {
    private static final long SEED = 1;

    /** A few roundings of float64. */
    private static final double ROUNDING = 1e-14;

    private final Graph graph = new Graph();
    private Device device;
    private Weights weights;

    @BeforeEach
    void open() {
        device = Device.open("reference", 1);
        weights = device.newWeights();
    }

    @AfterEach
    void close() {
        weights.close();
        device.close();
    }

    private Program compile() {
        weights.initialize(graph, SEED);
        return device.compile(graph, weights);
    }

    @Test
    void layerAppliedTwiceUpdatesItsStatisticsTwice() {
        Pass pass = Pass.train(graph).at("bn");
        graph.output("a", BatchNorm.DEFAULT.apply(pass, graph.input("first", DType.F32, Shape.of(2, 1))));
        graph.output("b", BatchNorm.DEFAULT.apply(pass, graph.input("second", DType.F32, Shape.of(4, 1))));
        try (Program program = compile()) {
            program.input("first").put(1.0, 3.0);
            program.input("second").put(0.0, 0.0, 4.0, 4.0);
            program.run();
        }
        // means 2 and 2; unbiased variances 2 and 16/3; from 0 and 1
        assertEquals(0.9 * (0.1 * 2) + 0.1 * 2, weights.get("bn.running_mean").get(0), ROUNDING);
        assertEquals(0.9 * (0.9 + 0.1 * 2) + 0.1 * 16 / 3, weights.get("bn.running_var").get(0), ROUNDING);
        assertEquals(2, weights.get("bn.num_batches_tracked").getLong(0));
    }

    @Test
    void evaluationUsesAndKeepsTheRunningStatistics() {
        Value x = graph.input("x", DType.F32, Shape.of(2, 1));
        graph.output("y", BatchNorm.DEFAULT.apply(Pass.train(graph).at("bn").eval(), x));
        try (Program program = compile()) {
            weights.put("bn.running_mean", HostArray.of(Shape.of(1), 3.0));
            weights.put("bn.running_var", HostArray.of(Shape.of(1), 4.0 - 1e-5));
            program.input("x").put(5.0, 1.0);
            program.run();
            assertArrayEquals(new double[] {1, -1}, program.output("y").toDoubles(), ROUNDING);
        }
        assertEquals(3, weights.get("bn.running_mean").get(0));
        assertEquals(0, weights.get("bn.num_batches_tracked").getLong(0));
    }

    @Test
    void batchNormNeedsSeveralValuesToTrain() {
        Value x = graph.input("x", DType.F32, Shape.of(1, 8));
        KinemaException e = assertThrows(KinemaException.class, () -> BatchNorm.DEFAULT.apply(Pass.train(graph).at("bn"), x));
        assertTrue(e.getMessage().contains("bn.weight") && e.getMessage().contains("larger batch"), e.getMessage());
    }

    @Test
    void frozenWeightsAreNotParameters() {
        Pass pass = Pass.train(graph);
        Value x = graph.input("x", DType.F32, Shape.of(2, 3));
        Linear.of(3, 4).apply(pass.at("copy").frozen(), x);
        assertTrue(graph.parameters().isEmpty());
        Linear.of(3, 4).apply(pass.at("head"), x);
        assertEquals(List.of("head.weight", "head.bias"), graph.parameters().stream().map(Graph::variableOf).toList());
        assertTrue(graph.variables().containsKey("copy.weight"));
    }

    @Test
    void dropoutDrawsAnewEachStepAndAgainFromTheSameState() {
        Value x = graph.input("x", DType.F32, Shape.of(1000));
        Pass pass = Pass.train(graph);
        graph.output("y", pass.dropout(pass.dropout(x, 0.5), 0.5));
        try (Program program = compile()) {
            program.input("x").put(ones());
            program.run();
            double[] first = program.output("y").toDoubles();
            program.run();
            double[] second = program.output("y").toDoubles();
            assertArrayEquals(new long[] {SEED, 2}, weights.get(Pass.RANDOM).toLongs());
            assertFalse(Arrays.equals(first, second));
            weights.put(Pass.RANDOM, HostArray.of(Shape.of(2), SEED, 0L));
            program.run();
            assertArrayEquals(first, program.output("y").toDoubles());
            // both dropouts keep an element with probability 1/4: 250 of 1000, standard deviation 14
            assertEquals(250, Arrays.stream(first).filter(v -> v == 4).count(), 70);
            assertEquals(0, Arrays.stream(first).filter(v -> v != 0 && v != 4).count());
            weights.put(Pass.RANDOM, HostArray.of(Shape.of(2), 7L, 0L));
            program.run();
            assertFalse(Arrays.equals(first, program.output("y").toDoubles()), "another seed");
        }
    }

    private static double[] ones() {
        double[] ones = new double[1000];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** The network normalises by batch statistics, twice by the same layer, and draws in between. */
    private static void network(Pass pass) {
        Value x = pass.graph().input("x", DType.F32, Shape.of(6, 4));
        Value h = pass.dropout(BatchNorm.DEFAULT.apply(pass.at("bn"), x), 0.5);
        Value y = TransformerLayer.of(4, 2, 8, Activation.RELU, false, 0.25).encode(pass.at("layer"),
            Reshape.of(h, Shape.of(2, 3, 4)), null, false);
        pass.graph().output("y", BatchNorm.DEFAULT.apply(pass.at("bn"), Reshape.of(y, Shape.of(6, 4))));
    }

    @Test
    void aPassWithoutUpdatesComputesTheSameAndLeavesStateAsItIs() {
        Graph again = new Graph();
        network(Pass.train(graph));
        network(Pass.train(again).withoutUpdates());
        assertEquals(0, again.nodes().stream().filter(n -> n.hasEffect()).count());
        assertEquals(graph.variables().keySet(), again.variables().keySet());
        double[] x = IntStream.range(0, 24).mapToDouble(i -> i * 37 % 24).toArray();
        try (Program updating = compile(); Program repeated = device.compile(again, weights)) {
            updating.input("x").put(x);
            repeated.input("x").put(x);
            double[][] first = {run(repeated), run(repeated), run(updating)};
            assertArrayEquals(first[0], first[1], "nothing changed");
            assertArrayEquals(first[0], first[2], "the same statistics and the same dropout");
            assertEquals(2, weights.get("bn.num_batches_tracked").getLong(0), "from the updating pass alone");
            assertArrayEquals(new long[] {SEED, 1}, weights.get(Pass.RANDOM).toLongs());
            assertFalse(Arrays.equals(first[0], run(repeated)), "dropout by the state as it stands");
        }
    }

    private static double[] run(Program program) {
        program.run();
        return program.output("y").toDoubles();
    }

    @Test
    void anUpdatingPassMovesTheRandomStateThatAnotherHasRead() {
        Value x = graph.input("x", DType.F32, Shape.of(4));
        Pass pass = Pass.train(graph);
        pass.withoutUpdates().dropout(x, 0.5);
        assertEquals(0, graph.nodes().stream().filter(n -> n.hasEffect()).count());
        pass.dropout(x, 0.5);
        assertEquals(1, graph.nodes().stream().filter(n -> n.hasEffect()).count());
        List<Op> drawn = graph.nodes().stream().map(n -> n.op()).filter(op -> op instanceof Dropout).toList();
        assertEquals(2, new HashSet<>(drawn).size(), "two draws of one step differ: " + drawn);
    }

    @Test
    void nothingIsDroppedInEvaluation() {
        Value x = graph.input("x", DType.F32, Shape.of(4));
        assertEquals(x, Pass.eval(graph).dropout(x, 0.5));
        assertEquals(x, Pass.train(graph).dropout(x, 0));
        TransformerLayer layer = TransformerLayer.of(8, 2, 16, Activation.GELU, true, 0.1);
        layer.encode(Pass.eval(graph), graph.input("tokens", DType.F32, Shape.of(1, 3, 8)), null, false);
        assertFalse(graph.variables().containsKey(Pass.RANDOM));
    }

    @Test
    void transformerDropsAttentionActivationsAndSublayers() {
        Value x = graph.input("x", DType.F32, Shape.of(2, 3, 8));
        TransformerLayer layer = TransformerLayer.of(8, 2, 16, Activation.RELU, false, 0.1);
        graph.output("y", layer.encode(Pass.train(graph), x, null, false));
        long reads = graph.nodes().stream().filter(n -> !n.hasEffect() && n.inputs().contains(graph.variables().get(Pass.RANDOM))).count();
        assertEquals(4, reads, "attention, two sublayers, activation");
        assertEquals(1, graph.nodes().stream().filter(n -> n.hasEffect()).count(), "the random state moves once a step");
    }

    @Test
    void mlpIsNumberedAsASequential() {
        Value x = graph.input("x", DType.F32, Shape.of(4, 8));
        new Mlp(List.of(6, 5, 3), null).apply(Pass.train(graph).at("a"), x);
        new Mlp(List.of(6, 5, 3), BatchNorm.DEFAULT).apply(Pass.train(graph).at("b"), x);
        List<String> names = graph.parameters().stream().map(Graph::variableOf).toList();
        assertEquals(List.of("a.0.weight", "a.0.bias", "a.2.weight", "a.2.bias", "a.4.weight", "a.4.bias",
            "b.0.weight", "b.1.weight", "b.1.bias", "b.3.weight", "b.4.weight", "b.4.bias", "b.6.weight", "b.6.bias"), names);
    }

    @Test
    void embeddingPicksRows() {
        Value rows = new Embedding(3, 2, Initializer.ONES).apply(Pass.eval(graph).at("words"), graph.input("i", DType.I32, Shape.of(1, 2)));
        graph.output("rows", rows);
        try (Program program = compile()) {
            weights.put("words.weight", HostArray.of(Shape.of(3, 2), 0.0, 1, 2, 3, 4, 5));
            program.input("i").put(2L, 0L);
            program.run();
            assertEquals(Shape.of(1, 2, 2), rows.shape());
            assertArrayEquals(new double[] {4, 5, 0, 1}, program.output("rows").toDoubles());
        }
    }

    @Test
    void sinusoidsInFairseqsLayout() {
        Initializer table = new Initializer.Sinusoid(4);
        Philox unused = new Philox(0, 0, 0);
        double[] expected = {0, 0, 1, 1, Math.sin(1), Math.sin(1e-4), Math.cos(1), Math.cos(1e-4)};
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], table.element(unused, i), ROUNDING);
        }
    }

    @Test
    void headsMustDivideTheWidth() {
        assertThrows(KinemaException.class, () -> new MultiHeadAttention(10, 4, 0));
    }
}
