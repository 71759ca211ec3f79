package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.ActivationRanges;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Program;
import dev.kinema.device.Quantization;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The counts of the programs that matter most, to the digit: a launch, a reorder or a byte more than there was is seen here, however
 * noisy the machine. They are in {@code program-counts.txt}.
 *
 * <p>Where one has moved on purpose, put the lines that the failure prints in the place of the old ones, and say in the commit why each
 * moved: fewer need no excuse, more need a time that was measured and fell. Where nobody meant it, {@code kinema profile} and
 * {@code Program.describe()} of both commits show the step that came.
 *
 * <p>oneDNN chooses layouts, what it fuses and its scratch memory by instruction set and number of threads, so there is no one count for
 * all machines: there are lines for each set of instructions, for two threads, and on a set that has none the tests abort. A processor has
 * those below its own where {@code ONEDNN_MAX_CPU_ISA} names one in the environment of the tests, such as {@code AVX2}: so all lines can be
 * looked at, and made anew, on one machine. Sizes of caches may play a part, too; none was seen yet.
 */
class ProgramCountsTest {
    private static final String FILE = "program-counts.txt";

    private static Device device;
    private static String instructions;
    private static List<String> lines;

    @BeforeAll
    static void open() throws IOException {
        device = Device.open("cpu", 2);
        instructions = device.description().split(", ")[1];
        try (InputStream in = ProgramCountsTest.class.getResourceAsStream(FILE)) {
            lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().filter(line -> !line.startsWith("#")).toList();
        }
    }

    @AfterAll
    static void close() {
        device.close();
    }

    private static String line(String program, Compilation how, Counts counts) {
        return String.format(Locale.ROOT, "%s | %s %s | %d steps, %d reorders, %d bytes moved, %d planned, %d held", instructions, program,
            how.precision().name().toLowerCase(Locale.ROOT), counts.steps(), counts.reorders(), counts.movedBytes(), counts.plannedBytes(),
            counts.heldBytes());
    }

    /** All precisions of the machine are looked at before any fails, so that all new numbers are told at once. */
    private static void expect(String name, List<Compilation> ways, Function<Compilation, Program> compiled) {
        String start = instructions + " | " + name + " ";
        List<String> actual = new ArrayList<>();
        for (Compilation how : ways) {
            if (device.supports(how.precision())) {
                try (Program program = compiled.apply(how)) {
                    actual.add(line(name, how, Counts.of(program)));
                }
            }
        }
        String told = String.join("\n", actual);
        assumeTrue(lines.stream().anyMatch(line -> line.startsWith(instructions + " | ")), () -> "no counts are known of " + instructions
            + "; these are they:\n" + told);
        assertEquals(lines.stream().filter(line -> line.startsWith(start)).collect(Collectors.joining("\n")), told,
            "this class' comment says what to do");
    }

    /** One clip of 16x224x224 from pixels to its feature. */
    @Test
    void inference() {
        expectFeatures("embed-slow-d", 1, List.of(Precision.FP32, Precision.BF16, Precision.INT8));
    }

    /** Of several clips at once, in the precisions that hold least. */
    @Test
    void inferenceOfABatch() {
        expectFeatures("embed-slow-d-batch4", 4, List.of(Precision.BF16, Precision.INT8));
    }

    private static void expectFeatures(String name, int clips, List<Precision> precisions) {
        SlowConfig.Clip clip = SlowConfig.SLOW_D_R50.clip();
        Graph graph = new Graph();
        Shape shape = Shape.of(clips, clip.frames(), clip.crop(), clip.crop(), 3);
        graph.output("feature", new Slow(SlowConfig.SLOW_D_R50).feature(Pass.eval(graph),
            NormalizeFrames.of(graph.input("frames", DType.U8, shape), NormalizeFrames.KINETICS)));
        // how large activations are decides on numbers alone
        ActivationRanges ranges = new ActivationRanges(Quantization.inputs(graph).keySet().stream()
            .collect(Collectors.toMap(weight -> weight, weight -> 4.0)));
        List<Compilation> ways = precisions.stream()
            .map(precision -> precision == Precision.INT8 ? Compilation.int8(ranges) : new Compilation(precision, true)).toList();
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            expect(name, ways, how -> device.compile(graph, weights, how));
        }
    }

    /** The events of 8 windows of a film, and of the 64 of ten minutes, which {@code embed} computes in fp32 whatever the features are. */
    @ParameterizedTest
    @CsvSource({"embed-txe, 8", "embed-txe-film, 64"})
    void events(String name, int windows) {
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        ContextualizerConfig config = ContextualizerConfig.TXE;
        Contextualizer network = new Contextualizer(config);
        Value features = graph.input("features", DType.F32, Shape.of(windows, config.maxLength(), config.inputWidth()));
        Value padding = graph.input("padding", DType.U8, Shape.of(windows, config.maxLength()));
        graph.output("events", network.encode(pass, network.tokens(pass, features), padding));
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            expect(name, List.of(Compilation.FP32), how -> device.compile(graph, weights, how));
        }
    }

    /** CVRL over two films, of all layers and widths; the pictures are small, which keeps the memory to a few hundred megabytes. */
    @Test
    void backboneStep() {
        SlowConfig network = SlowConfig.SLOW_D_R50.withClip(new SlowConfig.Clip(16, 64, 4));
        try (Weights weights = device.newWeights()) {
            expect("step-slow-d-cvrl-at64x64", List.of(Compilation.FP32, Compilation.BF16),
                how -> ExampleStep.backbone(device, how, weights, network, ObjectiveKind.CVRL, 2));
        }
    }

    /** Mask prediction over 64 sequences of 5 events against 65,536 keys. */
    @Test
    void contextualizerStep() {
        try (Weights weights = device.newWeights()) {
            expect("step-txe-masks", List.of(Compilation.FP32, Compilation.BF16),
                how -> ExampleStep.contextualizer(device, how, weights, ContextualizerConfig.TXE, 64));
        }
    }
}
