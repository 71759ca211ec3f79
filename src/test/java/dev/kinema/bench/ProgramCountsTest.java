package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.device.cpu.CpuDevice;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The counts of the programs that matter most, to the digit: a launch, a reorder or a byte more than there was is seen here, however
 * noisy the machine.
 *
 * <p>Where one has moved on purpose, put the numbers that the failure prints in the place of the old ones, and say in the commit why each
 * moved: fewer need no excuse, more need a time that was measured and fell. Where nobody meant it, {@code kinema profile} and
 * {@code Program.describe()} of both commits show the step that came.
 *
 * <p>oneDNN chooses layouts and scratch memory by instruction set and number of threads. The numbers are those of AVX-512 with bf16 and
 * without AMX, two threads; other processors abort the test.
 */
class ProgramCountsTest {
    private static final String INSTRUCTIONS = "AVX512 CORE BF16";

    private static Device device;

    @BeforeAll
    static void open() {
        device = Device.open("cpu", 2);
        assumeTrue(device.description().contains(INSTRUCTIONS + ","), "the counts are those of " + INSTRUCTIONS + ", not of "
            + device.description());
    }

    @AfterAll
    static void close() {
        device.close();
    }

    /** Both precisions are looked at before either fails, so that all new numbers are told at once. */
    private static void expect(Counts inFp32, Counts inBf16, Function<Compilation, Program> compiled) {
        assertAll(Map.of(Compilation.FP32, inFp32, Compilation.BF16, inBf16).entrySet().stream().map(e -> () -> {
            try (Program program = compiled.apply(e.getKey())) {
                assertEquals(e.getValue(), Counts.of(program), () -> e.getKey().precision() + ": this class' comment says what to do");
            }
        }));
    }

    /** One clip of 16x224x224 from pixels to its feature. */
    @Test
    void inference() {
        SlowConfig.Clip clip = SlowConfig.SLOW_D_R50.clip();
        Graph graph = new Graph();
        Shape shape = Shape.of(1, clip.frames(), clip.crop(), clip.crop(), 3);
        graph.output("feature", new Slow(SlowConfig.SLOW_D_R50).feature(Pass.eval(graph),
            NormalizeFrames.of(graph.input("frames", DType.U8, shape), NormalizeFrames.KINETICS)));
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            expect(new Counts(56, 0, 1_052_597_760, 51_392_576, 129_359_360), new Counts(57, 1, 533_866_752, 25_702_464, 65_825_024),
                how -> device.compile(graph, weights, how));
        }
    }

    /** CVRL over two films, of all layers and widths; the pictures are small, which keeps the memory to a few hundred megabytes. */
    @Test
    void backboneStep() {
        SlowConfig network = SlowConfig.SLOW_D_R50.withClip(new SlowConfig.Clip(16, 64, 4));
        try (Weights weights = device.newWeights()) {
            expect(new Counts(1048, 162, 4_644_084_372L, 361_194_240, 788_944),
                new Counts(1025, 192, 3_247_552_148L, 267_879_168, 788_944),
                how -> ExampleStep.backbone(device, how, weights, network, ObjectiveKind.CVRL, 2));
        }
    }

    /** Mask prediction over 64 sequences of 5 events against 65,536 keys. */
    @Test
    void contextualizerStep() {
        try (Weights weights = device.newWeights()) {
            expect(new Counts(184, 0, 2_873_164_804L, 111_871_616, 4_461_924), new Counts(237, 53, 2_998_600_708L, 116_256_768, 4_461_924),
                how -> ExampleStep.contextualizer(device, how, weights, ContextualizerConfig.TXE, 64));
        }
    }
}
