package dev.kinema.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.Agreement;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
import dev.kinema.golden.GoldenFile;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Scale;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** Five steps of each optimizer on a quadratic against PyTorch and PySlowFast in float64. */
public final class OptimizerGolden {
    private static final String FILE = "optim/optimizers.json";
    private static final Shape WEIGHT = Shape.of(4, 3);
    private static final Shape BIAS = Shape.of(4);

    private final GoldenDevice on;
    private final Agreement agreement;
    /** Largest difference of a parameter after a step. */
    private final double tolerance;

    private OptimizerGolden(GoldenDevice on) {
        this.on = on;
        this.agreement = on.agreement();
        // of a parameter, and of 5 steps: some 100 roundings; where activations are bf16, updates are float32
        this.tolerance = on.arithmetic().choose(1e-12, 1e-5, 1e-5);
    }

    public static List<GoldenCase> cases() {
        return Stream.of("sgd_plain", "sgd_momentum_wd", "sgd_nesterov_wd", "sgd_momentum_dampening", "adam_l2", "adamw", "adamw_betas",
            "adamw_no_decay_on_bias", "lars_sgd", "lars_sgd_nesterov_groups", "lars_clip", "sgd_nesterov_wd_lr_schedule",
            "adamw_lr_schedule").map(name -> new GoldenCase(GoldenCase.SMALL + name, FILE, on -> new OptimizerGolden(on).check(name)))
            .toList();
    }

    private static Optimizer optimizer(String name, JsonObject hyper) {
        double decay = number(hyper, "weight_decay", number(hyper, "weight_decay_W", 0));
        double biasDecay = number(hyper, "weight_decay_b", decay);
        boolean nesterov = hyper.has("nesterov") && hyper.get("nesterov").getAsBoolean();
        Sgd sgd = new Sgd(number(hyper, "momentum", 0), number(hyper, "dampening", 0), nesterov);
        Rule rule = sgd;
        if (name.startsWith("adam")) {
            double[] betas = GoldenFile.numbers(hyper.get("betas"));
            rule = new Adam(betas[0], betas[1], number(hyper, "eps", 0), !name.equals("adam_l2"));
        } else if (name.startsWith("lars")) {
            rule = new Lars(sgd, number(hyper, "trust_coefficient", 0), number(hyper, "eps", 0), hyper.get("clip").getAsBoolean());
        }
        Optimizer optimizer = Optimizer.of(rule, decay);
        return biasDecay == decay ? optimizer : optimizer.withGroup(ParameterGroup.of(Selection.BIASES, biasDecay));
    }

    private static double number(JsonObject hyper, String key, double otherwise) {
        return hyper.has(key) ? hyper.get(key).getAsDouble() : otherwise;
    }

    /** 0.5 * sum(a * (p - target)^2). */
    private static Value quadratic(Graph graph, Value p, String a, String target) {
        Value difference = Add.of(p, Scale.of(graph.input(target, DType.F32, p.shape()), -1));
        Value terms = Mul.of(graph.input(a, DType.F32, p.shape()), Mul.of(difference, difference));
        return Scale.of(p.shape().rank() == 2 ? Reduce.sum(terms, 0, 1) : Reduce.sum(terms, 0), 0.5);
    }

    private void check(String name) {
        JsonObject golden = GoldenFile.json(FILE);
        JsonObject problem = golden.getAsJsonObject("_problem");
        JsonObject run = golden.getAsJsonObject(name);
        JsonObject hyper = run.getAsJsonObject("hyper");
        Graph graph = new Graph();
        Value loss = Add.of(quadratic(graph, graph.parameter("linear.weight", WEIGHT, Initializer.ZEROS), "AW", "WT"),
            quadratic(graph, graph.parameter("linear.bias", BIAS, Initializer.ZEROS), "Ab", "bT"));
        graph.output("loss", loss);
        optimizer(name, hyper).minimize(loss);
        try (Weights weights = on.newWeights()) {
            weights.initialize(graph, 0);
            weights.put("linear.weight", HostArray.of(WEIGHT, GoldenFile.numbers(problem.get("W0"))));
            weights.put("linear.bias", HostArray.of(BIAS, GoldenFile.numbers(problem.get("b0"))));
            try (Program program = on.compile(graph, weights)) {
                for (String input : new String[] {"AW", "WT", "Ab", "bT"}) {
                    program.input(input).put(GoldenFile.numbers(problem.get(input)));
                }
                steps(name, run.getAsJsonArray("steps"), hyper, program, weights);
            }
        }
    }

    private void steps(String name, JsonArray steps, JsonObject hyper, Program program, Weights weights) {
        assertEquals(5, steps.size());
        double[] rates = hyper.has("lr_per_step") ? GoldenFile.numbers(hyper.get("lr_per_step")) : null;
        for (int i = 0; i < steps.size(); i++) {
            JsonObject step = steps.get(i).getAsJsonObject();
            program.input(Optimizer.LEARNING_RATE).put(rates == null ? hyper.get("lr").getAsDouble() : rates[i]);
            program.run();
            double loss = step.get("loss_before").getAsDouble();
            agreement.number(loss, program.output("loss").get(0), 10 * tolerance * loss, name + " loss before step " + i);
            parameter(GoldenFile.numbers(step.get("W")), weights.get("linear.weight").toDoubles(), name + " W after step " + i);
            parameter(GoldenFile.numbers(step.get("b")), weights.get("linear.bias").toDoubles(), name + " b after step " + i);
        }
    }

    /** Absolute around the scale of the problem, 1; relative where a rate that is too high makes parameters grow. */
    private void parameter(double[] expected, double[] actual, String what) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        agreement.absolute(expected, actual, tolerance * Math.max(1, largest), what);
    }
}
