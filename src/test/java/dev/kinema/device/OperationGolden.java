package dev.kinema.device;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
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
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Single operations against PyTorch in float64 (report.json of the transformer's golden numbers, entries op_*). */
public final class OperationGolden {
    private static final String FILE = "transformer/report.json";
    private static final JsonObject REPORT = GoldenFile.json(FILE);
    private static final double[] INPUT = GoldenFile.numbers(REPORT.get("op_input"));
    private static final double[] UPSTREAM = GoldenFile.numbers(REPORT.get("op_G"));
    private static final int ROWS = REPORT.getAsJsonArray("op_input").size();
    private static final int COLUMNS = INPUT.length / ROWS;

    private final GoldenDevice on;
    /** Largest difference of a result, relative to the largest one. */
    private final double tolerance;
    private final Graph graph = new Graph();
    private final Value x = graph.input("x", DType.F32, Shape.of(ROWS, COLUMNS));

    private OperationGolden(GoldenDevice on) {
        this.on = on;
        // nothing here is an operand of a product, and so nothing is rounded to bf16; 1e-6 is 16 roundings of float32
        this.tolerance = on.arithmetic().choose(1e-10, 1e-6, 1e-6);
    }

    public static List<GoldenCase> cases() {
        return List.of(
            operation("op_gelu_erf", Gelu::of),
            operation("op_softmax", Softmax::of),
            operation("op_layer_norm_1e-5", OperationGolden::normalized),
            operation("op_l2_normalize", L2Normalize::of),
            loss("op_cross_entropy_mean", "labels", DType.I32, SoftmaxCrossEntropy::of),
            loss("op_cross_entropy_mean_smooth0.1", "labels", DType.I32,
                (x, labels) -> SoftmaxCrossEntropy.of(x, labels, SoftmaxCrossEntropy.IGNORED, 0.1)),
            loss("op_bce_with_logits_mean", "targets", DType.F32, BinaryCrossEntropy::of));
    }

    private static GoldenCase operation(String name, UnaryOperator<Value> op) {
        return new GoldenCase(GoldenCase.SMALL + name, FILE, on -> new OperationGolden(on).check(name, op));
    }

    private static GoldenCase loss(String name, String target, DType dtype, BinaryOperator<Value> op) {
        return new GoldenCase(GoldenCase.SMALL + name, FILE, on -> new OperationGolden(on).checkLoss(name, target, dtype, op));
    }

    private static Value normalized(Value v) {
        Graph graph = v.graph();
        return LayerNorm.of(v, Fill.of(graph, Shape.of(COLUMNS), 1), Fill.of(graph, Shape.of(COLUMNS), 0), 1e-5);
    }

    private void check(String name, UnaryOperator<Value> op) {
        Value y = op.apply(x);
        Value loss = Reduce.sum(Mul.of(y, graph.input("g", DType.F32, x.shape())), 0, 1);
        graph.output("y", y);
        graph.output("dx", Gradients.of(loss, List.of(x)).get(0));
        try (Weights weights = on.newWeights(); Program program = on.compile(graph, weights)) {
            program.input("x").put(INPUT);
            program.input("g").put(UPSTREAM);
            program.run();
            JsonObject golden = REPORT.getAsJsonObject(name);
            compare(golden.get("out"), program, "y");
            compare(golden.get("grad"), program, "dx");
        }
    }

    private void checkLoss(String name, String target, DType dtype, BinaryOperator<Value> op) {
        JsonObject golden = REPORT.getAsJsonObject(name);
        double[] targets = GoldenFile.numbers(golden.get(target));
        Shape shape = targets.length == ROWS ? Shape.of(ROWS) : x.shape();
        graph.output("loss", op.apply(x, graph.input(target, dtype, shape)));
        graph.output("dx", Gradients.of(graph.outputs().get("loss"), List.of(x)).get(0));
        try (Weights weights = on.newWeights(); Program program = on.compile(graph, weights)) {
            program.input("x").put(INPUT);
            program.input(target).put(HostArray.of(shape, targets));
            program.run();
            compare(golden.get("loss"), program, "loss");
            compare(golden.get("grad"), program, "dx");
        }
    }

    private void compare(JsonElement expected, Program program, String output) {
        on.agreement().relative(GoldenFile.numbers(expected), program.output(output).toDoubles(), tolerance, output);
    }
}
