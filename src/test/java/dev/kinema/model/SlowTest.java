package dev.kinema.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Variable;
import dev.kinema.nn.Mode;
import dev.kinema.nn.Pass;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The networks' structure, without running them: names, shapes, sizes and arithmetic as PySlowFast has them. */
class SlowTest {
    private static Graph classifier(SlowConfig config, Mode mode, int size) {
        Graph graph = new Graph();
        Slow slow = new Slow(config);
        Pass pass = Pass.of(graph, mode);
        Value clips = graph.input("clips", DType.F32, Shape.of(1, config.clip().frames(), size, size, 3));
        Value logits = slow.logits(pass, slow.positions(slow.map(pass, clips)));
        graph.output("logits", logits);
        return graph;
    }

    private static long parameters(Graph graph) {
        return graph.parameters().stream().mapToLong(v -> v.shape().elements()).sum();
    }

    private static double gigaMacs(Graph graph, String scope) {
        return graph.nodes().stream().filter(n -> n.op() instanceof Conv3d && n.scope().startsWith(scope)).mapToLong(Node::flops).sum() / 2e9;
    }

    /** The file lists PySlowFast's state dict: name, shape (64x3x1x7x7 or scalar), type. */
    private static List<String> stateDict() throws IOException {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(
            SlowTest.class.getResourceAsStream("/golden/slow/slow_r50_state_dict.tsv"), StandardCharsets.UTF_8))) {
            return in.lines().filter(line -> !line.startsWith("#")).toList();
        }
    }

    private static String line(Variable v) {
        String shape = v.type().shape().rank() == 0 ? "scalar"
            : Arrays.stream(v.type().shape().dims()).mapToObj(String::valueOf).collect(Collectors.joining("x"));
        return v.name() + "\t" + shape + "\t" + (v.type().dtype() == DType.I64 ? "int64" : "float32");
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void variablesAreThoseOfPySlowFast(Mode mode) throws IOException {
        List<String> expected = stateDict();
        assertEquals(320, expected.size());
        List<String> names = classifier(SlowConfig.SLOW_R50, mode, 224).declarations().stream()
            .filter(v -> !v.name().equals(Pass.RANDOM)).map(SlowTest::line).toList();
        assertEquals(expected, names);
    }

    @Test
    void slowDDiffersFromSlowInTheStemOnly() throws IOException {
        List<String> expected = stateDict().stream().map(l -> l.replace("64x3x1x7x7", "64x3x5x7x7")).toList();
        Graph graph = classifier(SlowConfig.SLOW_D_R50, Mode.EVAL, 224);
        assertEquals(expected, graph.declarations().stream().map(SlowTest::line).toList());
    }

    @Test
    void parameterCounts() {
        assertEquals(32_454_096, parameters(classifier(SlowConfig.SLOW_R50, Mode.EVAL, 224)));
        assertEquals(32_491_728, parameters(classifier(SlowConfig.SLOW_D_R50, Mode.EVAL, 224)));
        Graph features = new Graph();
        Value clips = features.input("clips", DType.F32, Shape.of(1, 16, 224, 224, 3));
        new Slow(SlowConfig.SLOW_D_R50).feature(Pass.eval(features), clips);
        assertEquals(31_672_128, parameters(features));
    }

    /** Multiply-adds of the convolutions, in billions, as measured on PySlowFast's modules. */
    @ParameterizedTest
    @CsvSource({
        "slow, 224, 41.740, 0.944, 5.344, 8.221, 17.469, 9.762",
        "slow, 256, 54.518, 1.233, 6.979, 10.737, 22.817, 12.751",
        "slow-d, 224, 45.516, 4.721, 5.344, 8.221, 17.469, 9.762",
        "slow-d, 256, 59.450, 6.166, 6.979, 10.737, 22.817, 12.751"})
    void arithmetic(String name, int size, double total, double s1, double s2, double s3, double s4, double s5) {
        Graph graph = classifier(name.equals("slow") ? SlowConfig.SLOW_R50 : SlowConfig.SLOW_D_R50, Mode.EVAL, size);
        double rounding = 0.0005;
        assertEquals(total, gigaMacs(graph, ""), rounding);
        double[] stages = {s1, s2, s3, s4, s5};
        for (int i = 0; i < stages.length; i++) {
            assertEquals(stages[i], gigaMacs(graph, "s" + (i + 1)), rounding);
        }
        assertTrue(graph.flops() > 2e9 * total && graph.flops() < 2.02e9 * total, "all operations: " + graph.flops());
    }

    @Test
    void mapsOfSlowD() {
        Graph graph = new Graph();
        Value clips = graph.input("clips", DType.F32, Shape.of(1, 16, 224, 224, 3));
        List<String> shapes = new Slow(SlowConfig.SLOW_D_R50).stages(Pass.eval(graph), clips).stream().map(v -> v.shape().toString()).toList();
        assertEquals(List.of("[1, 8, 56, 56, 64]", "[1, 8, 56, 56, 256]", "[1, 8, 28, 28, 512]", "[1, 8, 14, 14, 1024]",
            "[1, 8, 7, 7, 2048]"), shapes);
    }

    @Test
    void cropPoolGivesOnePositionPerShift() {
        assertEquals(new Extent(8, 7, 7), SlowConfig.SLOW_R50.cropMap());
        assertEquals(new Extent(8, 7, 7), SlowConfig.SLOW_D_R50.cropMap());
        assertEquals(Shape.of(1, 1, 2, 2, 400), classifier(SlowConfig.SLOW_R50, Mode.EVAL, 256).outputs().get("logits").shape());
        assertEquals(Shape.of(1, 1, 1, 1, 400), classifier(SlowConfig.SLOW_D_R50, Mode.EVAL, 256).outputs().get("logits").shape());
    }

    @Test
    void anyDepthAndWidth() {
        assertEquals(26, convolutionsOnTheLongestPath(SlowConfig.slowD(26)));
        assertEquals(101, convolutionsOnTheLongestPath(SlowConfig.slowD(101)));
        assertEquals(152, convolutionsOnTheLongestPath(SlowConfig.slowD(152).withWidth(8)));
        SlowConfig odd = SlowConfig.SLOW_R50.withWidth(3)
            .withStages(List.of(new SlowConfig.Stage(1, 1, 1), new SlowConfig.Stage(1, 5, 2), new SlowConfig.Stage(2, 3, 1)));
        assertEquals(48, odd.featureWidth());
        assertEquals(new Extent(8, 28, 28), odd.cropMap());
        assertThrows(KinemaException.class, () -> SlowConfig.slow(34));
    }

    /** The classifier counts as a layer, shortcuts do not. */
    private static long convolutionsOnTheLongestPath(SlowConfig config) {
        return 1 + classifier(config, Mode.EVAL, 224).declarations().stream()
            .filter(v -> v.type().shape().rank() == 5 && !v.name().contains("branch1")).count();
    }

    @Test
    void startsAsPySlowFast() {
        Graph graph = classifier(SlowConfig.SLOW_R50, Mode.EVAL, 224);
        assertEquals(new Initializer.Normal(Math.sqrt(2.0 / (64 * 9))), start(graph, "s2.pathway0_res0.branch2.b.weight"));
        assertEquals(new Initializer.Normal(0.01), start(graph, "head.projection.weight"));
        assertEquals(Initializer.ZEROS, start(graph, "s5.pathway0_res2.branch2.c_bn.weight"));
        assertEquals(Initializer.ONES, start(graph, "s5.pathway0_res2.branch2.b_bn.weight"));
        Graph contrastive = classifier(SlowConfig.SLOW_R50.withZeroInitFinalNorm(false), Mode.EVAL, 224);
        assertEquals(Initializer.ONES, start(contrastive, "s5.pathway0_res2.branch2.c_bn.weight"));
    }

    private static Initializer start(Graph graph, String name) {
        return graph.declarations().stream().filter(v -> v.name().equals(name)).findFirst().orElseThrow().initializer();
    }

    @Test
    void projectionHeadsOfThePublicRecipes() {
        assertEquals(40_289_472, contrastive(ProjectionHead.MOCO));
        assertEquals(31_634_496 + 12_857_472, contrastive(ProjectionHead.CVRL));
    }

    /** Parameters of Slow with a projection head instead of the classifier. */
    private static long contrastive(ProjectionHead head) {
        Graph graph = new Graph();
        Pass backbone = Pass.train(graph).at("backbone");
        Value clips = graph.input("clips", DType.F32, Shape.of(2, 8, 224, 224, 3));
        Value q = head.apply(backbone, new Slow(SlowConfig.SLOW_R50).feature(backbone, clips));
        assertEquals(Shape.of(2, head.width()), q.shape());
        assertTrue(graph.variables().containsKey("backbone.head.projection.projection.0.weight"));
        return parameters(graph);
    }
}
