package dev.kinema.model;

import com.google.gson.JsonObject;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.golden.Agreement;
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
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Slow and Slow-D at their real size with generated weights, in float32, against PyTorch in float64. */
class SlowFullSizeOnCpuTest {
    /** Features reach 50 here; PyTorch's own float32 run is off by 1.3e-5 in logits and 3.3e-5 in features. */
    private static final double LOGITS = 1e-4;
    private static final double FEATURES = 5e-4;

    private static SlowConfig network(String name) {
        if (name.equals("lcg_slow_r50_full")) {
            return SlowConfig.SLOW_R50;
        }
        SlowConfig slowD = SlowConfig.SLOW_D_R50;
        return name.endsWith("stride_in_conv1") ? slowD
            : slowD.withStem(new SlowConfig.Stem(slowD.stem().kernel(), new Extent(1, 2, 2), slowD.stem().pool()))
                .withRes2Pool(new Extent(2, 1, 1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lcg_slow_r50_full", "lcg_slowd_r50_full.stride_in_conv1", "lcg_slowd_r50_full.maxpool2_after_res2"})
    void evaluation(String name) {
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
        try (Device device = Device.open("cpu"); Weights weights = device.newWeights()) {
            for (Variable v : graph.declarations()) {
                if (v.type().dtype() == DType.F32) {
                    weights.put(v.name(), LcgWeights.video(v, facts.get("weight_base_seed").getAsLong(), sums));
                }
            }
            weights.initialize(graph, 0);
            try (Program program = device.compile(graph, weights)) {
                program.input("clips").put(clips);
                program.run();
                Map<String, HostArray> golden = GoldenFile.tensors("slow/" + name + ".safetensors");
                Agreement.absolute(golden.get("feat_f64"), program.output("feat"), FEATURES, name + " features");
                Agreement.absolute(golden.get("logits_f64"), program.output("logits"), LOGITS, name + " logits");
            }
        }
    }
}
