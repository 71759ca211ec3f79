package dev.kinema.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.Agreement;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
import dev.kinema.golden.GoldenFile;
import dev.kinema.golden.LcgWeights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Transformer layers and their gradients against torch.nn in float64. */
public final class TransformerGolden {
    /**
     * How far a device may be off.
     *
     * @param out difference of an output
     * @param gradient difference of a gradient, relative to its largest element; golden gradients of weights are rounded to float32
     * @param kinked the same behind ReLUs
     * @param loss difference of the loss, a sum of a thousand terms of size 1
     * @param full difference of an output of the full-size encoder
     */
    private record Tolerance(double out, double gradient, double kinked, double loss, double full) {
        /** The order of sums is all that differs: 1e-10 is far above it and far below any other formula. */
        static final Tolerance DOUBLE = new Tolerance(1e-10, 1e-10, 1e-10, 1e-9, 1e-10);
        /** PyTorch's own float32 run: outputs within 1.5e-6 (5.6e-6 at full size), gradients within 1e-6, losses within 2e-5. */
        static final Tolerance FP32 = new Tolerance(1e-5, 1e-5, 1e-5, 1e-4, 5e-5);
        /**
         * Outputs of size 3 that a dozen roundings of 2^-9 make: seen are 0.026, losses within 0.12, gradients within 0.02. A ReLU whose
         * input is near 0 may pass what it should not: one of the ten terms of an element, which is 0.3 of the largest element here.
         */
        static final Tolerance BF16 = new Tolerance(0.08, 0.06, 1, 0.5, 0.08);
    }

    /** Half a unit in the last place of float32, with some room: what rounding the golden gradients of weights costs. */
    private static final double FLOAT_ROUNDING = 1e-7;

    private final GoldenDevice on;
    private final Agreement agreement;
    private final Tolerance tolerance;

    private TransformerGolden(GoldenDevice on) {
        this.on = on;
        this.agreement = on.agreement();
        this.tolerance = on.arithmetic().choose(Tolerance.DOUBLE, Tolerance.FP32, Tolerance.BF16);
    }

    public static List<GoldenCase> cases() {
        List<GoldenCase> cases = new ArrayList<>();
        for (String name : List.of("encoder_postnorm_relu", "encoder_postnorm_gelu", "encoder_prenorm_relu", "encoder_prenorm_gelu",
            "encoder_postnorm_relu_padmask", "encoder_postnorm_relu_causal", "encoder_prenorm_gelu_padmask",
            "encoder_prenorm_gelu_causal")) {
            cases.add(new GoldenCase(GoldenCase.SMALL + name, file(name), on -> new TransformerGolden(on).encoder(name)));
        }
        for (String name : List.of("decoder_postnorm_relu", "decoder_prenorm_gelu")) {
            cases.add(new GoldenCase(GoldenCase.SMALL + name, file(name), on -> new TransformerGolden(on).decoder(name)));
        }
        for (String name : List.of("postnorm_relu", "prenorm_gelu")) {
            cases.add(new GoldenCase(GoldenCase.FULL_SIZE + "encoder_" + name, file("encoder_full_lcg_" + name),
                on -> new TransformerGolden(on).fullSize(name)));
        }
        return cases;
    }

    private static String file(String name) {
        return "transformer/" + name + ".safetensors";
    }

    /** A graph whose loss is sum(out * G), with the gradients of inputs and weights as outputs. */
    private static Graph differentiated(Graph graph, Value out, List<String> inputs) {
        graph.output("out", out);
        Value weighted = Mul.of(out, graph.input("G", DType.F32, out.shape()));
        Value loss = Reduce.sum(weighted, 0, 1, 2);
        graph.output("loss", loss);
        Map<String, Value> wanted = new LinkedHashMap<>();
        inputs.forEach(name -> wanted.put("grad_in." + name, graph.inputs().get(name)));
        graph.parameters().forEach(v -> wanted.put("grad." + Graph.variableOf(v), v));
        List<Value> gradients = Gradients.of(loss, new ArrayList<>(wanted.values()));
        List<String> names = new ArrayList<>(wanted.keySet());
        for (int i = 0; i < names.size(); i++) {
            graph.output(names.get(i), gradients.get(i));
        }
        return graph;
    }

    private static TransformerLayer layer(String name) {
        return TransformerLayer.of(64, 4, 128, name.contains("gelu") ? Activation.GELU : Activation.RELU, name.contains("prenorm"), 0);
    }

    private void encoder(String name) {
        Map<String, HostArray> inputs = GoldenFile.tensors("transformer/encoder_inputs.safetensors");
        boolean padded = name.endsWith("padmask");
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, inputs.get("x").shape());
        Value padding = padded ? graph.input("key_padding_mask", DType.U8, x.shape().sub(0, 2)) : null;
        TransformerEncoder encoder = new TransformerEncoder(layer(name), 3, name.contains("prenorm"));
        differentiated(graph, encoder.apply(Pass.train(graph), x, padding, name.endsWith("causal")), List.of("x"));
        if (padded) {
            clearPadded(inputs.get("G"), inputs.get("key_padding_mask"));
        }
        check(name, graph, GoldenFile.tensors("transformer/encoder_weights.safetensors"), inputs, padded);
    }

    private static void clearPadded(HostArray g, HostArray mask) {
        int width = g.shape().last();
        for (int i = 0; i < g.elements(); i++) {
            if (mask.getLong(i / width) != 0) {
                g.set(i, 0.0);
            }
        }
    }

    private void decoder(String name) {
        Map<String, HostArray> inputs = GoldenFile.tensors("transformer/decoder_inputs.safetensors");
        Graph graph = new Graph();
        Value target = graph.input("tgt", DType.F32, inputs.get("tgt").shape());
        Value memory = graph.input("memory", DType.F32, inputs.get("memory").shape());
        Value padding = graph.input("memory_key_padding_mask", DType.U8, memory.shape().sub(0, 2));
        Value out = layer(name).decode(Pass.train(graph), target, memory, null, padding, true);
        differentiated(graph, out, List.of("tgt", "memory"));
        check(name, graph, GoldenFile.tensors("transformer/decoder_weights.safetensors"), inputs, false);
    }

    private void check(String name, Graph graph, Map<String, HostArray> state, Map<String, HostArray> inputs, boolean padded) {
        try (Weights weights = on.newWeights()) {
            state.forEach(weights::put);
            try (Program program = on.compile(graph, weights)) {
                graph.inputs().keySet().forEach(input -> program.input(input).put(inputs.get(input)));
                program.run();
                Map<String, HostArray> golden = GoldenFile.tensors(file(name));
                agreement.absolute(golden.get("out_f64"), program.output("out"), tolerance.out, name + " out");
                agreement.number(golden.get("loss_f64").get(0), program.output("loss").get(0), tolerance.loss, name + " loss");
                golden.forEach((what, expected) -> {
                    if (what.startsWith("grad")) {
                        gradient(name, what, expected, program.output(what).toDoubles());
                    }
                });
                norms(name, graph, program);
            }
        }
    }

    private double gradient(String name) {
        return name.contains("relu") ? tolerance.kinked : tolerance.gradient;
    }

    private void gradient(String name, String what, HostArray expected, double[] actual) {
        double[] values = expected.toDoubles();
        double bound = expected.dtype() == DType.F32 ? Math.max(gradient(name), FLOAT_ROUNDING) : gradient(name);
        agreement.relative(values, actual, bound, name + " " + what);
    }

    /** The report's norms of all gradients, which the masked cases have nothing else of. */
    private void norms(String name, Graph graph, Program program) {
        JsonObject expected = GoldenFile.json("transformer/report.json").getAsJsonObject(name).getAsJsonObject("grad_l2_f64");
        assertEquals(graph.outputs().keySet().stream().filter(o -> o.startsWith("grad")).count(), expected.size());
        for (Map.Entry<String, JsonElement> e : expected.entrySet()) {
            double norm = e.getValue().getAsDouble();
            String output = e.getKey().startsWith("in.") ? "grad_" + e.getKey() : "grad." + e.getKey();
            agreement.number(norm, norm(program.output(output).toDoubles()), gradient(name) * norm, name + " " + output);
        }
    }

    private static double norm(double[] values) {
        return Math.sqrt(Arrays.stream(values).map(v -> v * v).sum());
    }

    /** The encoder at the contextualizer's size, with generated weights. */
    private void fullSize(String name) {
        JsonObject facts = GoldenFile.json("transformer/encoder_full_lcg.json").getAsJsonObject(name);
        JsonObject config = facts.getAsJsonObject("config");
        int width = config.get("d").getAsInt();
        boolean preNorm = config.get("pre").getAsBoolean();
        TransformerLayer layer = TransformerLayer.of(width, config.get("h").getAsInt(), config.get("ff").getAsInt(),
            preNorm ? Activation.GELU : Activation.RELU, preNorm, 0);
        Graph graph = new Graph();
        Value x = graph.input("x", DType.F32, Shape.of(config.get("B").getAsInt(), config.get("S").getAsInt(), width));
        differentiated(graph, new TransformerEncoder(layer, 3, preNorm).apply(Pass.train(graph), x, null, false), List.of("x"));
        try (Weights weights = on.newWeights()) {
            for (Variable v : graph.declarations()) {
                weights.put(v.name(), LcgWeights.transformer(v, config.get("base").getAsLong(), facts.getAsJsonObject("weights")));
            }
            try (Program program = on.compile(graph, weights)) {
                long seed = config.get("seed").getAsLong();
                program.input("x").put(GoldenFile.lcg(seed, (int) x.shape().elements()));
                program.input("G").put(GoldenFile.lcg(seed + 1, (int) x.shape().elements()));
                program.run();
                Map<String, HostArray> golden = GoldenFile.tensors(file("encoder_full_lcg_" + name));
                agreement.absolute(golden.get("out_f64"), program.output("out"), tolerance.full, name + " out");
                gradient(name, "grad_in.x", golden.get("grad_in.x"), program.output("grad_in.x").toDoubles());
                fullSizeGradients(name, facts, program);
            }
        }
    }

    private void fullSizeGradients(String name, JsonObject facts, Program program) {
        for (Map.Entry<String, JsonElement> e : facts.getAsJsonObject("grad_l2_f64").entrySet()) {
            double[] gradient = program.output("grad." + e.getKey()).toDoubles();
            double norm = e.getValue().getAsDouble();
            agreement.number(norm, norm(gradient), gradient(name) * norm, name + " " + e.getKey());
            double[] first = GoldenFile.numbers(facts.getAsJsonObject("grad_first16").get(e.getKey()));
            double largest = Arrays.stream(gradient).map(Math::abs).max().orElseThrow();
            agreement.absolute(first, Arrays.copyOf(gradient, first.length), gradient(name) * largest, name + " " + e.getKey());
        }
    }
}
