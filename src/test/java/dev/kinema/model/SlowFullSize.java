package dev.kinema.model;

import com.google.gson.JsonObject;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
import dev.kinema.golden.GoldenFile;
import dev.kinema.golden.Layout;
import dev.kinema.golden.LcgWeights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Variable;
import dev.kinema.nn.Pass;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Slow and Slow-D at their real size with generated weights, against PyTorch in float64. */
public final class SlowFullSize {
    /**
     * How far a device may be off.
     *
     * @param features largest difference; they reach 50
     * @param logits largest difference; they reach 6
     */
    private record Tolerance(double features, double logits) {
        /** 1e5 roundings. */
        static final Tolerance DOUBLE = new Tolerance(1e-9, 1e-9);
        /** PyTorch's own float32 run is off by 3.3e-5 in features and 1.3e-5 in logits. */
        static final Tolerance FP32 = new Tolerance(5e-4, 1e-4);
        /** 1 % of the largest: 53 layers that each round by 0.3 * 2^-8 in root mean square. Seen: 0.16 and 0.023. */
        static final Tolerance BF16 = new Tolerance(0.5, 0.06);
    }

    private SlowFullSize() {}

    public static List<GoldenCase> cases() {
        return Stream.of("lcg_slow_r50_full", "lcg_slowd_r50_full.stride_in_conv1", "lcg_slowd_r50_full.maxpool2_after_res2")
            .map(name -> new GoldenCase(GoldenCase.FULL_SIZE + name, file(name), on -> evaluation(name, on))).toList();
    }

    private static String file(String name) {
        return "slow/" + name + ".safetensors";
    }

    private static SlowConfig network(String name) {
        if (name.equals("lcg_slow_r50_full")) {
            return SlowConfig.SLOW_R50;
        }
        SlowConfig slowD = SlowConfig.SLOW_D_R50;
        return name.endsWith("stride_in_conv1") ? slowD
            : slowD.withStem(new SlowConfig.Stem(slowD.stem().kernel(), new Extent(1, 2, 2), slowD.stem().pool()))
                .withRes2Pool(new Extent(2, 1, 1));
    }

    private static void evaluation(String name, GoldenDevice on) {
        Tolerance tolerance = on.arithmetic().choose(Tolerance.DOUBLE, Tolerance.FP32, Tolerance.BF16);
        JsonObject facts = GoldenFile.json("slow/report_lcg.json").getAsJsonObject(name);
        JsonObject sums = GoldenFile.json("slow/" + name.split("\\.")[0] + ".weights_check.json");
        Shape shape = Shape.of(Arrays.stream(GoldenFile.numbers(facts.get("input_shape"))).mapToInt(d -> (int) d).toArray());
        HostArray video = HostArray.allocate(DType.F32, shape);
        video.put(GoldenFile.lcg(facts.get("input_seed").getAsLong(), video.elements()));
        HostArray clips = Layout.channelsLast(video);
        Graph graph = new Graph();
        Slow slow = new Slow(network(name));
        Pass pass = Pass.eval(graph);
        Value positions = slow.positions(slow.map(pass, graph.input("clips", DType.F32, clips.shape())));
        graph.output("feat", positions);
        graph.output("logits", slow.logits(pass, positions));
        try (Weights weights = on.newWeights()) {
            for (Variable v : graph.declarations()) {
                if (v.type().dtype() == DType.F32) {
                    weights.put(v.name(), LcgWeights.video(v, facts.get("weight_base_seed").getAsLong(), sums));
                }
            }
            weights.initialize(graph, 0);
            try (Program program = on.compile(graph, weights)) {
                program.input("clips").put(clips);
                program.run();
                Map<String, HostArray> golden = GoldenFile.tensors(file(name));
                on.agreement().absolute(golden.get("feat_f64"), program.output("feat"), tolerance.features, name + " features");
                on.agreement().absolute(golden.get("logits_f64"), program.output("logits"), tolerance.logits, name + " logits");
            }
        }
    }
}
