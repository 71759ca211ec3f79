package dev.kinema.optim;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
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
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.StopGradient;
import dev.kinema.nn.BatchNorm;
import dev.kinema.nn.LayerNorm;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OptimizerTest {
    private static final double ROUNDING = 1e-12;

    private final Graph graph = new Graph();

    /** A loss whose gradient is g = (3, 4), of norm 5. */
    private Value loss() {
        Value p = graph.parameter("p", Shape.of(2), Initializer.ONES);
        return Reduce.sum(Mul.of(p, graph.input("g", DType.F32, Shape.of(2))), 0);
    }

    private double[] step(String parameter) {
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 0);
            try (Program program = device.compile(graph, weights)) {
                program.input("g").put(3.0, 4.0);
                program.input(Optimizer.LEARNING_RATE).put(0.5);
                program.run();
                assertEquals(5, program.output(Optimizer.GRADIENT_NORM).get(0), ROUNDING);
                return weights.get(parameter).toDoubles();
            }
        }
    }

    @Test
    void clipsTheWholeGradient() {
        Optimizer.of(new Sgd(0, 0, false), 0).withClip(1).minimize(loss());
        double factor = 1 / (5 + 1e-6);
        assertArrayEquals(new double[] {1 - 0.5 * 3 * factor, 1 - 0.5 * 4 * factor}, step("p"), ROUNDING);
    }

    @Test
    void leavesSmallGradientsAlone() {
        Optimizer.of(new Sgd(0, 0, false), 0).withClip(6).minimize(loss());
        assertArrayEquals(new double[] {1 - 0.5 * 3, 1 - 0.5 * 4}, step("p"), ROUNDING);
    }

    @Test
    void groupsHaveTheirOwnRate() {
        ParameterGroup slow = new ParameterGroup(Selection.matching("^p$"), 0, false, 0.1);
        Optimizer.of(new Sgd(0, 0, false), 0).withGroup(slow).withGroup(ParameterGroup.of(Selection.ALL, 9)).minimize(loss());
        assertArrayEquals(new double[] {1 - 0.05 * 3, 1 - 0.05 * 4}, step("p"), ROUNDING);
    }

    @Test
    void buffersAreNamedByTheirParameter() {
        Optimizer.of(Adam.ADAMW, 0.1).minimize(loss());
        assertTrue(graph.variables().keySet().containsAll(
            List.of("optimizer.p.first_moment", "optimizer.p.second_moment", "optimizer.step")), graph.variables().keySet().toString());
        assertEquals(List.of("p"), graph.parameters().stream().map(Graph::variableOf).toList());
    }

    @Test
    void selectionsFindNormsByTheirShapes() {
        Value x = graph.input("x", DType.F32, Shape.of(4, 3));
        Pass pass = Pass.train(graph);
        Value y = BatchNorm.DEFAULT.apply(pass.at("projection.1"), Linear.of(3, 3).apply(pass.at("projection.0"), x));
        new LayerNorm(1e-5).apply(pass.at("norm"), y);
        graph.parameter("mask_token", Shape.of(3), Initializer.ZEROS);
        assertEquals(List.of("projection.1.weight", "projection.1.bias", "norm.weight", "norm.bias"), selected(Selection.NORMS));
        assertEquals(List.of("projection.0.bias", "projection.1.bias", "norm.bias"), selected(Selection.BIASES));
        assertEquals(List.of("projection.0.bias", "projection.1.weight", "projection.1.bias", "norm.weight", "norm.bias", "mask_token"),
            selected(Selection.VECTORS));
        assertEquals(List.of("norm.weight", "norm.bias"), selected(Selection.matching("^norm")));
    }

    private List<String> selected(Selection selection) {
        return graph.parameters().stream().map(Graph::variableOf).filter(name -> selection.includes(name, graph)).toList();
    }

    @Test
    void impossibleTraining() {
        assertThrows(KinemaException.class, () -> Optimizer.of(Sgd.NESTEROV, 0).withClip(0));
        Value x = graph.input("x", DType.F32, Shape.of(2, 3));
        Value loss = Reduce.sum(Linear.of(3, 1).apply(Pass.train(graph).frozen().at("head"), x), 0, 1);
        assertTrue(assertThrows(KinemaException.class, () -> Optimizer.of(Sgd.NESTEROV, 0).minimize(loss)).getMessage().contains("frozen"));
    }

    @Test
    void copyFollowsWhatTheStepWrote() {
        Value x = graph.input("g", DType.F32, Shape.of(2));
        Value p = graph.parameter("net.p", Shape.of(2), Initializer.ONES);
        Pass.train(graph).at("copy").frozen().parameter("p", Shape.of(2), Initializer.ZEROS);
        graph.state("net.s", DType.F32, Shape.of(2), Initializer.ONES);
        graph.state("copy.s", DType.F32, Shape.of(2), Initializer.ZEROS);
        graph.parameter("net.predictor", Shape.of(2), Initializer.ONES);
        Value loss = Reduce.sum(Mul.of(p, StopGradient.of(x)), 0);
        Optimizer.Step step = Optimizer.of(new Sgd(0, 0, false), 0).minimize(loss, List.of(p));
        assertEquals(Map.of("copy.p", "net.p"), MovingAverage.follow(graph, "net.", "copy.", step), "no state, nothing without a copy");
        assertThrows(KinemaException.class, () -> MovingAverage.follow(graph, "net.", "other.", step));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights()) {
            weights.initialize(graph, 0);
            weights.put("copy.p", HostArray.of(Shape.of(2), 10.0, 20.0));
            try (Program program = device.compile(graph, weights)) {
                program.input("g").put(3.0, 4.0);
                program.input(Optimizer.LEARNING_RATE).put(0.5);
                program.input(MovingAverage.DECAY).put(0.75);
                program.run();
                assertArrayEquals(new double[] {-0.5, -1}, weights.get("net.p").toDoubles(), ROUNDING);
                assertArrayEquals(new double[] {0.75 * 10 - 0.25 * 0.5, 0.75 * 20 - 0.25}, weights.get("copy.p").toDoubles(), ROUNDING);
                assertArrayEquals(new double[] {0, 0}, weights.get("copy.s").toDoubles());
            }
        }
    }
}
