package dev.kinema.device.reference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BinaryCrossEntropy;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Softmax;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Single operations against PyTorch in float64 (report.json of the transformer's golden numbers, entries op_*). */
class GoldenOperationsTest {
    private static final double TOLERANCE = 1e-10;
    private static final JsonObject REPORT = GoldenFile.json("transformer/report.json");
    private static final double[] INPUT = GoldenFile.numbers(REPORT.get("op_input"));
    private static final double[] UPSTREAM = GoldenFile.numbers(REPORT.get("op_G"));
    private static final int ROWS = REPORT.getAsJsonArray("op_input").size();
    private static final int COLUMNS = INPUT.length / ROWS;

    private final Graph graph = new Graph();
    private final Value x = graph.input("x", DType.F32, Shape.of(ROWS, COLUMNS));

    @Test
    void gelu() {
        check("op_gelu_erf", Gelu::of);
    }

    @Test
    void softmax() {
        check("op_softmax", Softmax::of);
    }

    @Test
    void layerNorm() {
        check("op_layer_norm_1e-5",
            v -> LayerNorm.of(v, Fill.of(graph, Shape.of(COLUMNS), 1), Fill.of(graph, Shape.of(COLUMNS), 0), 1e-5));
    }

    @Test
    void l2Normalize() {
        check("op_l2_normalize", L2Normalize::of);
    }

    @Test
    void crossEntropy() {
        checkLoss("op_cross_entropy_mean", "labels", DType.I32, Shape.of(ROWS), labels -> SoftmaxCrossEntropy.of(x, labels));
    }

    @Test
    void smoothedCrossEntropy() {
        checkLoss("op_cross_entropy_mean_smooth0.1", "labels", DType.I32, Shape.of(ROWS),
            labels -> SoftmaxCrossEntropy.of(x, labels, SoftmaxCrossEntropy.IGNORED, 0.1));
    }

    @Test
    void binaryCrossEntropy() {
        checkLoss("op_bce_with_logits_mean", "targets", DType.F32, x.shape(), targets -> BinaryCrossEntropy.of(x, targets));
    }

    private void check(String name, UnaryOperator<Value> op) {
        Value y = op.apply(x);
        Value loss = Reduce.sum(Mul.of(y, graph.input("g", DType.F32, x.shape())), 0, 1);
        graph.output("y", y);
        graph.output("dx", Gradients.of(loss, List.of(x)).get(0));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights(); Program program = device.compile(graph, weights)) {
            program.input("x").put(INPUT);
            program.input("g").put(UPSTREAM);
            program.run();
            JsonObject golden = REPORT.getAsJsonObject(name);
            assertArrayEquals(GoldenFile.numbers(golden.get("out")), program.output("y").toDoubles(), TOLERANCE);
            assertArrayEquals(GoldenFile.numbers(golden.get("grad")), program.output("dx").toDoubles(), TOLERANCE);
        }
    }

    private void checkLoss(String name, String target, DType dtype, Shape shape, UnaryOperator<Value> op) {
        Value loss = op.apply(graph.input(target, dtype, shape));
        graph.output("loss", loss);
        graph.output("dx", Gradients.of(loss, List.of(x)).get(0));
        try (Device device = Device.open("reference", 1); Weights weights = device.newWeights(); Program program = device.compile(graph, weights)) {
            JsonObject golden = REPORT.getAsJsonObject(name);
            program.input("x").put(INPUT);
            program.input(target).put(HostArray.of(shape, GoldenFile.numbers(golden.get(target))));
            program.run();
            assertEquals(golden.get("loss").getAsDouble(), program.output("loss").get(0), TOLERANCE);
            assertArrayEquals(GoldenFile.numbers(golden.get("grad")), program.output("dx").toDoubles(), TOLERANCE);
        }
    }
}
