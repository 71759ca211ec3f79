package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import dev.kinema.checkpoint.CheckpointImport;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.Agreement;
import dev.kinema.golden.GoldenCase;
import dev.kinema.golden.GoldenDevice;
import dev.kinema.golden.GoldenFile;
import dev.kinema.golden.Layout;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Window;
import dev.kinema.nn.Pass;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Slow and Slow-D in evaluation against PySlowFast run by PyTorch in float64. */
public final class SlowGolden {
    /** Of a feature or a logit: in float64 two programs differ by the order of sums only; this is 1e5 roundings of a logit of size 2. */
    private static final double DOUBLE = 1e-10;
    /** PyTorch's own float32 run differs from float64 by up to 1.3e-6 here; the usual mistakes start at 3e-5. */
    private static final double FP32 = 1e-5;
    /**
     * 53 layers that each round by 0.3 * 2^-8 in root mean square are off by 0.01 of a logit of size 2, the worst of some hundred logits by
     * more than twice that. Seen: 0.012. The usual mistakes but those of batch norm's epsilon start at 0.07.
     */
    private static final double BF16 = 0.05;

    private final GoldenDevice on;
    private final Agreement agreement;
    private final double tolerance;

    private SlowGolden(GoldenDevice on) {
        this.on = on;
        this.agreement = on.agreement();
        this.tolerance = on.arithmetic().choose(DOUBLE, FP32, BF16);
    }

    public static List<GoldenCase> cases() {
        return Stream.of("slow_A", "slow_B", "slow_C",
            "slowd_A.stride_in_conv1", "slowd_B.stride_in_conv1", "slowd_C.stride_in_conv1",
            "slowd_B.stride_in_pool1",
            "slowd_A.maxpool3x3x3_s2", "slowd_B.maxpool3x3x3_s2", "slowd_C.maxpool3x3x3_s2",
            "slowd_A.maxpool2_after_res2", "slowd_B.maxpool2_after_res2", "slowd_C.maxpool2_after_res2")
            .map(file -> new GoldenCase(GoldenCase.SMALL + file, input(file.split("\\.")[0]), on -> new SlowGolden(on).evaluation(file)))
            .toList();
    }

    /** Ways to read "temporal stride 2 after conv1" that share their parameters; the first is Slow-D's. */
    private static SlowConfig network(String network, String variant) {
        SlowConfig.Clip clip = new SlowConfig.Clip(network.equals("slow") ? 8 : 16, 64, 4);
        if (network.equals("slow")) {
            return SlowConfig.SLOW_R50.withWidth(8).withClip(clip).withHead(new SlowConfig.Head(SlowConfig.Pool.CROP, 400, 0.5));
        }
        SlowConfig slowD = SlowConfig.SLOW_D_R50.withWidth(6).withClip(clip).withHead(new SlowConfig.Head(SlowConfig.Pool.CROP, 60, 0.5));
        SlowConfig.Stem stem = slowD.stem();
        Extent spatial = new Extent(1, 2, 2);
        return switch (variant) {
            case "stride_in_conv1" -> slowD;
            case "stride_in_pool1" -> slowD.withStem(new SlowConfig.Stem(stem.kernel(), spatial,
                new Window(new Extent(1, 3, 3), new Extent(2, 2, 2), new Extent(0, 1, 1))));
            case "maxpool3x3x3_s2" -> slowD.withStem(new SlowConfig.Stem(stem.kernel(), spatial,
                new Window(new Extent(3, 3, 3), new Extent(2, 2, 2), Extent.ONE)));
            case "maxpool2_after_res2" -> slowD.withStem(new SlowConfig.Stem(stem.kernel(), spatial, stem.pool()))
                .withRes2Pool(new Extent(2, 1, 1));
            default -> throw new IllegalArgumentException(variant);
        };
    }

    private static String input(String name) {
        return "slow/" + name + (name.endsWith("_A") ? ".frames_u8.npy" : ".input.npy");
    }

    /** The case's clips [N, T, H, W, 3]; those of case A are frames of a film. */
    private static HostArray clips(String name) {
        HostArray frames = GoldenFile.npy(input(name));
        if (frames.dtype() != DType.U8) {
            return Layout.channelsLast(frames);
        }
        HostArray clips = HostArray.allocate(DType.F32, Shape.of(1).append(frames.shape()));
        for (int i = 0; i < clips.elements(); i++) {
            clips.set(i, NormalizeFrames.KINETICS.level((int) frames.getLong(i), i % 3));
        }
        return clips;
    }

    private static HostArray expected(String name, String variant, String what) {
        String file = "slow/" + name + "." + variant + ".safetensors";
        return GoldenFile.exists(file) ? GoldenFile.tensors(file).get(what) : GoldenFile.npy("slow/" + name + "." + what + ".npy");
    }

    private static Map<String, HostArray> checkpoint(String network) {
        String file = network.equals("slow") ? "slow_r50_w8.pyth" : "slowd_r50_w6.pyth";
        try {
            return CheckpointImport.read(Path.of(SlowGolden.class.getResource("/golden/slow/" + file).toURI())).tensors();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private void evaluation(String file) {
        String name = file.split("\\.")[0];
        String variant = file.contains(".") ? file.substring(name.length() + 1) : "";
        String network = name.substring(0, name.length() - "_A".length());
        HostArray clips = clips(name);
        Graph graph = new Graph();
        Slow slow = new Slow(network(network, variant));
        Pass pass = Pass.eval(graph);
        List<Value> stages = slow.stages(pass, graph.input("clips", DType.F32, clips.shape()));
        for (int i = 0; i < stages.size(); i++) {
            graph.output("s" + (i + 1), stages.get(i));
        }
        Value positions = slow.positions(stages.get(stages.size() - 1));
        Value logits = slow.logits(pass, positions);
        graph.output("feat_f64", positions);
        graph.output("logits_f64", logits);
        graph.output("prob_f64", Slow.probabilities(logits));
        try (Weights weights = on.newWeights()) {
            checkpoint(network).forEach(weights::put);
            assertEquals(320, weights.names().size());
            try (Program program = on.compile(graph, weights)) {
                program.input("clips").put(clips);
                program.run();
                stages(name, variant, program);
                for (String what : List.of("feat_f64", "logits_f64", "prob_f64")) {
                    agreement.absolute(expected(name, variant, what), program.output(what), tolerance, name + " " + variant + " " + what);
                }
            }
        }
    }

    /** Sums and norms of the stages' maps, which name the first layer that is wrong. */
    private void stages(String name, String variant, Program program) {
        JsonObject report = GoldenFile.json("slow/report.json");
        String key = report.has(name) ? name : name + "." + variant.replace("stride_in_pool1", "stride_in_conv1");
        JsonObject stages = report.getAsJsonObject(key).getAsJsonObject("stages");
        for (int i = 1; i <= 5; i++) {
            JsonObject stage = stages.getAsJsonObject("s" + i);
            double[] map = Layout.channelsFirst(program.output("s" + i));
            double sum = 0;
            double squares = 0;
            for (double v : map) {
                sum += v;
                squares += v * v;
            }
            String what = name + " " + variant + " s" + i;
            double expectedSum = stage.get("abs_sum").getAsDouble();
            double expectedNorm = stage.get("l2").getAsDouble();
            agreement.number(expectedSum, sum, tolerance * expectedSum, what + " sum");
            agreement.number(expectedNorm, Math.sqrt(squares), tolerance * expectedNorm, what + " norm");
            double[] first = GoldenFile.numbers(stage.get("first8"));
            agreement.absolute(first, Arrays.copyOf(map, first.length), 10 * tolerance, what + " first elements");
        }
    }
}
