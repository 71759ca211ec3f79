package dev.kinema.bench;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kinema.device.Compilation;
import dev.kinema.device.Program;
import dev.kinema.device.cuda.OnEmulatedDevice;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.Decoder;
import dev.kinema.model.DecoderConfig;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Adam;
import dev.kinema.optim.Optimizer;
import dev.kinema.pretrain.BackboneConfig.ObjectiveKind;
import dev.kinema.pretrain.ExampleStep;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/**
 * The counts of training steps as the cuda device lowers them, to the digit, as {@link ProgramCountsTest} has them of the cpu device: its
 * comment says what to do where they move. The networks have all layers of those in use, on which launches depend, and are narrow, with
 * batches that make activations outweigh weights.
 */
class CudaCountsTest extends OnEmulatedDevice {
    private static final int WIDTH = 32;
    private static final int PAD = 29;
    private static final int EOS = 28;

    private void expect(Counts inFp32, Counts inBf16, Function<Compilation, Program> compiled) {
        assertAll(Map.of(Compilation.FP32, inFp32, Compilation.BF16, inBf16).entrySet().stream().map(e -> () -> {
            try (Program program = compiled.apply(e.getKey())) {
                assertEquals(e.getValue(), Counts.of(program), () -> e.getKey().precision() + ", " + program.describe());
            }
        }));
    }

    @Test
    void contextualizerStep() {
        ContextualizerConfig config = ContextualizerConfig.TXE.withSizes(WIDTH, WIDTH, 3, 4, 2 * WIDTH, 5);
        expect(new Counts(121, 0, 161_457_404, 13_798_784, 801_200), new Counts(144, 23, 112_854_140, 8_918_144, 4_995_504),
            how -> ExampleStep.contextualizer(device, how, weights, config, 512));
    }

    @Test
    void decoderStep() {
        int texts = 64;
        int length = 16;
        DecoderConfig config = DecoderConfig.PAPER.withVocabulary(PAD + 1, PAD, EOS).withSizes(WIDTH, 3, 4, 2 * WIDTH, WIDTH / 2, length);
        Graph graph = new Graph();
        Value memory = graph.input("memory", DType.F32, Shape.of(texts, 5, WIDTH));
        expect(new Counts(209, 0, 66_822_444, 6_444_928, 316_832), new Counts(243, 34, 43_636_972, 4_081_536, 316_832),
            trained(graph, new Decoder(config).loss(Pass.train(graph), Decoder.texts(graph, texts, length), memory, null)));
    }

    /** GPT-2's layers: GELU, and norms before the sublayers. */
    @Test
    void languageModelStep() {
        int texts = 64;
        int length = 16;
        LanguageModel model = new LanguageModel(LanguageModelConfig.GPT2.withVocabulary(PAD + 1, PAD, EOS)
            .withSizes(WIDTH, 2, 4, 4 * WIDTH, length));
        Graph graph = new Graph();
        expect(new Counts(86, 0, 40_974_836, 4_787_968, 11_552), new Counts(96, 10, 25_293_172, 3_006_208, 11_552),
            trained(graph, model.loss(Pass.train(graph), Decoder.texts(graph, texts, length))));
    }

    private Function<Compilation, Program> trained(Graph graph, Value loss) {
        graph.output("loss", loss);
        Optimizer.of(new Adam(0.9, 0.999, 1e-8, false), 0).minimize(loss);
        weights.initialize(graph, 1);
        return how -> device.compile(graph, weights, how);
    }

    @Test
    void backboneStep() {
        SlowConfig network = SlowConfig.SLOW_D_R50.withWidth(8).withClip(new SlowConfig.Clip(16, 32, 4));
        expect(new Counts(521, 0, 331_000_052, 46_314_816, 425_792), new Counts(563, 15, 320_371_700, 42_266_304, 425_792),
            how -> ExampleStep.backbone(device, how, weights, network, ObjectiveKind.CVRL, 2));
    }
}
