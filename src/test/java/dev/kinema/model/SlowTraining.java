package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.Agreement;
import dev.kinema.golden.Arithmetic;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
import dev.kinema.golden.GoldenFile;
import dev.kinema.golden.Layout;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.ParameterGroup;
import dev.kinema.optim.Sgd;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Training steps of small Slow and Slow-D networks against PySlowFast run by PyTorch in float64. */
public final class SlowTraining {
    /**
     * How far a device may be off.
     *
     * @param loss relative difference of the first loss
     * @param output norm of the difference of the logits and of the classifier's gradients, relative to their norm
     * @param gradient the same of the other gradients; in bf16 of their norms alone, as {@link #directions} holds the rest
     * @param statistics difference of running statistics
     * @param later relative difference of the losses after one and two steps, and of weights after a step
     */
    private record Tolerance(double loss, double output, double gradient, double statistics, double later) {
        /** The backward pass of 53 normalised layers still leaves eight digits of every gradient. */
        static final Tolerance DOUBLE = new Tolerance(1e-10, 1e-8, 1e-8, 1e-10, 1e-8);
        /** PyTorch's own float32 run has gradients within 2e-4 and later losses within 1e-5; ten times that. */
        static final Tolerance FP32 = new Tolerance(1e-5, 2e-3, 2e-3, 1e-5, 1e-3);
        /**
         * Losses are off by 0.014, logits by 0.05, statistics by 0.05. The last stages normalise each channel over eight numbers of two
         * clips, and what that and the kinks of ReLUs make of a rounding grows from layer to layer in the backward pass: of most gradients
         * of these small networks bf16 keeps size and direction, of the classifier's two digits. Norms of all are off by 0.22 at most.
         */
        static final Tolerance BF16 = new Tolerance(0.04, 0.15, 0.5, 0.15, 0.2);
    }

    /**
     * Least cosine of a gradient in bf16 to the exact one. The cpu's are 0.52 in the stem, where roundings have gone through all layers,
     * 0.74 in the last stage, and between them in between; the emulated kernels' are 0.43 to 0.75, and those of float64 that is rounded to
     * bf16 between any two operations, which no device can beat but by luck, 0.46 to 0.70. An unrelated vector of 256 numbers would
     * have a cosine of 0 with a standard deviation of 1/16.
     */
    private static final double LEAST_COSINE = 0.3;
    /** Gradients of fewer numbers say too little each, and are looked at together. */
    private static final int FEW = 256;

    private final GoldenDevice on;
    private final Agreement agreement;
    private final Tolerance tolerance;

    private SlowTraining(GoldenDevice on) {
        this.on = on;
        this.agreement = on.agreement();
        this.tolerance = on.arithmetic().choose(Tolerance.DOUBLE, Tolerance.FP32, Tolerance.BF16);
    }

    public static List<GoldenCase> cases() {
        return Stream.of("train_slow_w3", "train_slowd_w2").flatMap(name -> Stream.of(
            new GoldenCase(GoldenCase.SMALL + name + ", gradients and statistics", file(name),
                on -> new SlowTraining(on).gradientsAndStatistics(name)),
            new GoldenCase(GoldenCase.SMALL + name + ", three steps", file(name), on -> new SlowTraining(on).threeSteps(name)))).toList();
    }

    private static String file(String name) {
        return "slow/" + name + ".grads_f64.safetensors";
    }

    private static JsonObject report(String name) {
        return GoldenFile.json("slow/report.json").getAsJsonObject(name);
    }

    private static HostArray clips(String name) {
        if (GoldenFile.exists("slow/" + name + ".input.npy")) {
            return Layout.channelsLast(GoldenFile.npy("slow/" + name + ".input.npy"));
        }
        JsonObject report = report(name);
        Shape shape = Shape.of(Arrays.stream(GoldenFile.numbers(report.get("input_shape"))).mapToInt(d -> (int) d).toArray());
        double[] values = GoldenFile.lcg(report.get("input_lcg_seed").getAsLong(), (int) shape.elements());
        return Layout.channelsLast(HostArray.of(shape, values));
    }

    /** The mean cross-entropy of a batch in training; the graph's inputs are {@code clips} and {@code labels}. */
    private static Value loss(Graph graph, String name, Shape clips) {
        SlowConfig config = name.equals("train_slow_w3") ? SlowConfig.SLOW_R50.withWidth(3) : SlowConfig.SLOW_D_R50.withWidth(2);
        Slow slow = new Slow(config.withHead(new SlowConfig.Head(SlowConfig.Pool.GLOBAL, 10, 0)));
        Pass pass = Pass.train(graph);
        Value map = slow.map(pass, graph.input("clips", DType.F32, clips));
        Value logits = Reshape.of(slow.logits(pass, slow.positions(map)), Shape.of(clips.dim(0), 10));
        graph.output("logits", logits);
        Value loss = SoftmaxCrossEntropy.of(logits, graph.input("labels", DType.I32, Shape.of(clips.dim(0))));
        graph.output("loss", loss);
        return loss;
    }

    private Weights weights(String name) {
        Weights weights = on.newWeights();
        GoldenFile.tensors("slow/" + name + ".weights.safetensors").forEach(weights::put);
        return weights;
    }

    private static void feed(Program program, String name, HostArray clips) {
        program.input("clips").put(clips);
        program.input("labels").put(Arrays.stream(GoldenFile.numbers(report(name).get("labels"))).mapToLong(d -> (long) d).toArray());
    }

    private void gradientsAndStatistics(String name) {
        HostArray clips = clips(name);
        Graph graph = new Graph();
        Value loss = loss(graph, name, clips.shape());
        List<Value> variables = new ArrayList<>(graph.parameters());
        variables.add(graph.inputs().get("clips"));
        List<Value> gradients = Gradients.of(loss, variables);
        for (int i = 0; i < gradients.size() - 1; i++) {
            graph.output("grad." + Graph.variableOf(variables.get(i)), gradients.get(i));
        }
        graph.output("grad.clips", gradients.get(gradients.size() - 1));
        try (Weights weights = weights(name); Program program = on.compile(graph, weights)) {
            feed(program, name, clips);
            program.run();
            Map<String, HostArray> golden = GoldenFile.tensors(file(name));
            double expectedLoss = golden.remove("loss").get(0);
            agreement.number(expectedLoss, program.output("loss").get(0), tolerance.loss * expectedLoss, "loss");
            agreement.norm(golden.remove("logits").toDoubles(), program.output("logits").toDoubles(), tolerance.output, "logits");
            assertEquals(golden.size(), variables.size() - 1);
            gradients(golden, parameter -> program.output("grad." + parameter).toDoubles());
            inputGradient(report(name).getAsJsonObject("grad_input"), program.output("grad.clips"));
            GoldenFile.tensors("slow/" + name + ".bn_after_f64.safetensors").forEach((state, expected) ->
                agreement.absolute(expected.toDoubles(), weights.get(state).toDoubles(), tolerance.statistics, state));
            String counter = "s5.pathway0_res2.branch2.c_bn.num_batches_tracked";
            long before = GoldenFile.tensors("slow/" + name + ".weights.safetensors").get(counter).getLong(0);
            assertEquals(before + 1, weights.get(counter).getLong(0));
        }
    }

    private void gradients(Map<String, HostArray> golden, Function<String, double[]> actual) {
        boolean directed = on.arithmetic() == Arithmetic.BF16;
        golden.forEach((parameter, expected) -> {
            if (parameter.startsWith("head.")) {
                agreement.norm(expected.toDoubles(), actual.apply(parameter), tolerance.output, parameter);
            } else if (!directed) {
                agreement.norm(expected.toDoubles(), actual.apply(parameter), tolerance.gradient, parameter);
            }
        });
        if (directed) {
            directions(golden, actual);
        }
    }

    /** Where gradients point to: the large ones each, the small ones of a stage together, those of the stem with the first stage's. */
    private void directions(Map<String, HostArray> golden, Function<String, double[]> actual) {
        Map<String, List<String>> parts = golden.keySet().stream().filter(parameter -> !parameter.startsWith("head."))
            .collect(Collectors.groupingBy(parameter -> golden.get(parameter).elements() >= FEW ? parameter
                : "the small ones of " + parameter.substring(0, 2).replace("s1", "s2"), TreeMap::new, Collectors.toList()));
        parts.forEach((what, parameters) -> agreement.direction(
            parameters.stream().flatMapToDouble(parameter -> Arrays.stream(golden.get(parameter).toDoubles())).toArray(),
            parameters.stream().flatMapToDouble(parameter -> Arrays.stream(actual.apply(parameter))).toArray(), LEAST_COSINE, what));
    }

    private void inputGradient(JsonObject expected, HostArray gradient) {
        double[] values = Layout.channelsFirst(gradient);
        double norm = expected.get("l2").getAsDouble();
        agreement.number(norm, Math.sqrt(Arrays.stream(values).map(v -> v * v).sum()), tolerance.gradient * norm,
            "norm of the input's gradient");
        if (on.arithmetic() == Arithmetic.BF16) {
            // eight numbers have no direction to speak of
            return;
        }
        double[] first = GoldenFile.numbers(expected.get("first8"));
        agreement.relative(first, Arrays.copyOf(values, first.length), tolerance.gradient, "first elements of the input's gradient");
    }

    /** SGD with Nesterov's momentum, weight decay on all but batch norm. */
    private void threeSteps(String name) {
        HostArray clips = clips(name);
        Graph graph = new Graph();
        Optimizer.of(Sgd.NESTEROV, 1e-4).withGroup(ParameterGroup.UNDECAYED_NORMS).minimize(loss(graph, name, clips.shape()));
        try (Weights weights = weights(name)) {
            weights.initialize(graph, 0);
            try (Program program = on.compile(graph, weights)) {
                feed(program, name, clips);
                program.input(Optimizer.LEARNING_RATE).put(0.0005);
                JsonArray steps = report(name).getAsJsonObject("sgd_steps_f64").getAsJsonArray("steps");
                for (int i = 0; i < steps.size(); i++) {
                    program.run();
                    JsonObject step = steps.get(i).getAsJsonObject();
                    double loss = step.get("loss").getAsDouble();
                    agreement.number(loss, program.output("loss").get(0), (i == 0 ? tolerance.loss : tolerance.later) * loss, "loss " + i);
                    if (i == 0) {
                        double norm = report(name).get("grad_total_l2_f64").getAsDouble();
                        agreement.number(norm, program.output(Optimizer.GRADIENT_NORM).get(0), tolerance.gradient * norm,
                            "norm of all gradients");
                    }
                    afterStep(step, graph, weights);
                }
                assertEquals(3, weights.get("optimizer.step").getLong(0));
            }
        }
    }

    private void afterStep(JsonObject step, Graph graph, Weights weights) {
        double[] bias = weights.get("head.projection.bias").toDoubles();
        agreement.relative(GoldenFile.numbers(step.get("head_bias")), bias, tolerance.later, "bias of the classifier");
        double[] stem = Arrays.copyOf(weights.get("s1.pathway0_stem.conv.weight").toDoubles(), 4);
        agreement.relative(GoldenFile.numbers(step.get("stem_w_first4")), stem, tolerance.later, "weights of the stem");
        double squares = graph.parameters().stream().map(Graph::variableOf)
            .mapToDouble(p -> Arrays.stream(weights.get(p).toDoubles()).map(v -> v * v).sum()).sum();
        double norm = step.get("param_l2").getAsDouble();
        agreement.number(norm, Math.sqrt(squares), tolerance.later * norm, "norm of all parameters");
    }
}
