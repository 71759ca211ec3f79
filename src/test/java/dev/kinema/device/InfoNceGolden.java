package dev.kinema.device;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.kinema.golden.Agreement;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.RingEnqueue;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** InfoNCE with a queue, through the normalisation, and the enqueueing with wrap-around, against PyTorch in float64. */
public final class InfoNceGolden {
    /**
     * How far a device may be off (the golden numbers' README).
     *
     * @param loss relative
     * @param gradient relative, in the Euclidean norm
     * @param row absolute, of a row of the queue
     */
    private record Tolerance(double loss, double gradient, double row) {
        static final Tolerance DOUBLE = new Tolerance(1e-10, 1e-10, 1e-10);
        static final Tolerance FP32 = new Tolerance(2e-6, 1e-5, 1e-6);
        /**
         * Queries and the queue's rows are rounded for the products, by 2^-8 at most, and logits of temperature 0.1 are off by some 0.004:
         * so are the probabilities in the gradient, which is off by 0.003 of its norm. The rows that are written are not rounded.
         */
        static final Tolerance BF16 = new Tolerance(2e-3, 1e-2, 1e-6);
    }

    private InfoNceGolden() {}

    public static List<GoldenCase> cases() {
        return List.of(golden(GoldenCase.SMALL, "infonce_B8_D16_K64", ""),
            golden(GoldenCase.FULL_SIZE, "infonce_B64_D128_K65536", ".grads"));
    }

    private static GoldenCase golden(String size, String name, String part) {
        String file = "infonce/" + name + part + ".safetensors";
        return new GoldenCase(size + name, file, on -> lossGradientsAndQueue(name, file, on));
    }

    private static void lossGradientsAndQueue(String name, String file, GoldenDevice on) {
        Tolerance tolerance = on.arithmetic().choose(Tolerance.DOUBLE, Tolerance.FP32, Tolerance.BF16);
        JsonObject golden = GoldenFile.json("infonce/infonce.json").getAsJsonObject(name);
        int rows = golden.get("B").getAsInt();
        int width = golden.get("D").getAsInt();
        int capacity = golden.get("K").getAsInt();
        Graph graph = new Graph();
        Value raw = graph.input("q", DType.F32, Shape.of(rows, width));
        Value q = L2Normalize.of(raw);
        Value k = L2Normalize.of(graph.input("k", DType.F32, Shape.of(rows, width)));
        Value queue = graph.state("queue", DType.F32, Shape.of(capacity, width), Initializer.ZEROS);
        Node loss = InfoNce.of(q, k, queue, golden.get("temperature").getAsDouble());
        List<Value> gradients = Gradients.of(loss.output(0), List.of(raw, q));
        RingEnqueue.of(queue, graph.state("pointer", DType.I64, Shape.of(1), Initializer.ZEROS), k);
        graph.output("loss", loss.output(0));
        graph.output("rank", loss.output(2));
        graph.output("draw", gradients.get(0));
        graph.output("dq", gradients.get(1));
        try (Weights weights = on.newWeights()) {
            JsonObject after = golden.getAsJsonObject("queue_after_enqueue");
            weights.put("queue", HostArray.of(Shape.of(capacity, width),
                normalized(GoldenFile.lcg(seed(golden, "queue_raw"), capacity * width), width)));
            weights.put("pointer", HostArray.of(Shape.of(1), after.get("ptr").getAsLong()));
            try (Program program = on.compile(graph, weights)) {
                fill(program, golden, rows * width);
                program.run();
                checkLoss(program, golden, GoldenFile.tensors(file), on.agreement(), tolerance);
            }
            checkQueue(weights, after, width, on.agreement(), tolerance);
        }
    }

    private static long seed(JsonObject golden, String of) {
        return golden.getAsJsonObject("seeds").get(of).getAsLong();
    }

    /** The keys are close to their queries: k = float32(noise + q / 2). */
    private static void fill(Program program, JsonObject golden, int count) {
        double[] q = GoldenFile.lcg(seed(golden, "q_raw"), count);
        double[] k = GoldenFile.lcg(seed(golden, "k_raw"), count);
        for (int i = 0; i < count; i++) {
            k[i] = (float) (k[i] + 0.5 * q[i]);
        }
        program.input("q").put(q);
        program.input("k").put(k);
    }

    private static double[] normalized(double[] x, int width) {
        double[] y = new double[x.length];
        for (int row = 0; row < x.length; row += width) {
            double norm = Math.sqrt(Arrays.stream(x, row, row + width).map(v -> v * v).sum());
            for (int i = row; i < row + width; i++) {
                y[i] = x[i] / norm;
            }
        }
        return y;
    }

    private static void checkLoss(Program program, JsonObject golden, Map<String, HostArray> stored, Agreement agreement,
        Tolerance tolerance) {
        double loss = golden.get("loss_f64").getAsDouble();
        agreement.number(loss, program.output("loss").get(0), tolerance.loss * loss, "loss");
        agreement.norm(stored.get("grad_q_raw").toDoubles(), program.output("draw").toDoubles(), tolerance.gradient,
            "gradient of raw q");
        agreement.norm(stored.get("grad_q").toDoubles(), program.output("dq").toDoubles(), tolerance.gradient, "gradient of q");
        double first = Arrays.stream(program.output("rank").toLongs()).filter(r -> r == 0).count();
        assertEquals(golden.get("top1").getAsDouble(), first / program.output("rank").elements());
    }

    private static void checkQueue(Weights weights, JsonObject after, int width, Agreement agreement, Tolerance tolerance) {
        assertEquals(after.get("new_ptr").getAsLong(), weights.get("pointer").getLong(0));
        double[] queue = weights.get("queue").toDoubles();
        int pointer = after.get("ptr").getAsInt() * width;
        agreement.absolute(GoldenFile.numbers(after.get("row0_first4")), Arrays.copyOf(queue, 4), tolerance.row, "first row");
        agreement.absolute(GoldenFile.numbers(after.get("row_ptr_first4")), Arrays.copyOfRange(queue, pointer, pointer + 4), tolerance.row,
            "row at the pointer");
    }
}
