package dev.kinema.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kinema.config.ConfigReader;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.model.Decoder;
import dev.kinema.model.LanguageModel;
import dev.kinema.model.LanguageModelConfig;
import dev.kinema.model.SlowConfig;
import dev.kinema.model.TextModel;
import dev.kinema.optim.Optimizer;
import dev.kinema.pretrain.PretrainConfig;
import dev.kinema.run.Metrics;
import dev.kinema.task.vidsitu.AddedTokens;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.RoleTokenizer;
import dev.kinema.task.vidsitu.VerbVocabulary;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The rows of {@code configs/vidsitu} at their full size, by shapes alone: a training step of each task, over the networks that its run of
 * pretraining has. Parameters are counted against VidSitu's toolkit, and GPT-2's own count.
 */
class RowSizesTest {
    /** Outputs of the release's vocabulary. */
    private static final int VERBS = 1560;
    private static final int FEATURE = 2048;
    /** Three layers of 1024 with 2048 inside, as the toolkit counts them: each of TxE, and of TxD with its cross-attention. */
    private static final long TXE = 3 * 8_399_872L;
    private static final long TXD = 3 * 12_600_320L;
    /** 2048 to 1024 to 1024. */
    private static final long TWO_LAYERS = 3_147_776;
    private static final long GPT2_MEDIUM = 354_823_168;
    private static final int GPT2_TOKENS = 50_257;

    private static final TokenTable TOKENS = tokens();

    private static TokenTable tokens() {
        List<Annotation> annotations = ToyClips.of(0, 8, 1).stream().flatMap(each -> each.annotations().stream()).toList();
        return TokenTable.all(new RoleTokenizer(AddedTokens.of(VerbVocabulary.of(annotations))));
    }

    static List<Path> rows() throws IOException {
        return FinetuneConfigsTest.rows();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void stepsAreBuiltAtFullSize(Path file) throws IOException {
        FinetuneConfig row = ConfigReader.read(file, FinetuneConfig.class);
        SlowConfig backbone = backbone(row);
        Optional<ContextualizerConfig> contextualizer = contextualizer(row);
        row.verbs().ifPresent(settings -> verbs(settings, backbone));
        row.roles().ifPresent(settings -> roles(settings, contextualizer));
        row.relations().ifPresent(settings -> relations(settings, contextualizer));
    }

    /** What the row draws, or what the run of pretraining makes that it takes from; those that one brings are published ones. */
    private static SlowConfig backbone(FinetuneConfig row) throws IOException {
        Optional<PretrainConfig> maker = maker(row.backbone().flatMap(FinetuneConfig.BackboneStart::weights));
        return row.backbone().flatMap(FinetuneConfig.BackboneStart::network)
            .or(() -> maker.map(run -> run.backbone().orElseThrow().network()))
            .map(network -> network.config()).orElse(SlowConfig.SLOW_R50);
    }

    private static Optional<ContextualizerConfig> contextualizer(FinetuneConfig row) throws IOException {
        Optional<PretrainConfig> maker = maker(row.contextualizer().flatMap(FinetuneConfig.ContextualizerStart::weights));
        return row.contextualizer().flatMap(FinetuneConfig.ContextualizerStart::network)
            .or(() -> maker.map(run -> run.contextualizer().orElseThrow().network()));
    }

    private static Optional<PretrainConfig> maker(Optional<Path> weights) throws IOException {
        Map<String, PretrainConfig> runs = FinetuneConfigsTest.pretraining();
        return weights.filter(path -> path.startsWith("runs")).map(path -> runs.get(path.getName(1).toString()));
    }

    private static void verbs(VerbsConfig settings, SlowConfig backbone) {
        assertEquals(FEATURE, backbone.featureWidth());
        VerbClassifier network = new VerbClassifier(backbone, settings.hidden() == 0 ? FEATURE / 2 : settings.hidden(), VERBS);
        Optimizer optimizer = settings.tuning().optimizer().optimizer();
        Graph graph = VerbStep.learning(network, settings.part() * Clip.EVENTS, settings.tuning().batch() / settings.part(), optimizer);
        assertEquals(FEATURE * 1024 + 1024 + 1024 * VERBS + VERBS, count(graph, "verb."));
        assertLearns(graph);
    }

    private static void roles(RolesConfig settings, Optional<ContextualizerConfig> contextualizer) {
        EventEncoder encoder = new EventEncoder(FEATURE, contextualizer, true, settings.eventWidth());
        Optional<SeenEvents> seen = settings.decoder().map(decoder -> new SeenEvents(encoder, new DrawnFeatures(FEATURE)));
        TextModel model = settings.decoder().<TextModel>map(decoder -> new Decoder(decoder.over(TOKENS))).orElseGet(() ->
            new LanguageModel(LanguageModelConfig.GPT2_MEDIUM.withVocabulary(TOKENS.size(), TOKENS.pad(), TOKENS.end())));
        Graph graph = RoleNetwork.learning(settings, model, seen, settings.length(), 2000);
        if (settings.decoder().isPresent()) {
            long learned = settings.decoder().get().positions() == ContextualizerConfig.Positions.LEARNED ? 60 * 1024 : 0;
            assertEquals(TXD + TOKENS.size() * 1024L + 512 * 1024 + TOKENS.size() * 512L + learned, count(graph, "text."));
            assertEncoder(graph, contextualizer, TWO_LAYERS);
        } else {
            assertEquals(GPT2_MEDIUM + (TOKENS.size() - GPT2_TOKENS) * 1024L, count(graph, "text."));
        }
        assertLearns(graph);
    }

    private static void relations(RelationsConfig settings, Optional<ContextualizerConfig> contextualizer) {
        EventEncoder encoder = new EventEncoder(FEATURE, contextualizer, true, settings.eventWidth());
        Graph graph = RelationNetwork.learning(settings, new SeenEvents(encoder, new DrawnFeatures(FEATURE)));
        assertEncoder(graph, contextualizer, settings.eventWidth() == 0 ? 0 : TWO_LAYERS);
        int width = contextualizer.isPresent() || settings.eventWidth() > 0 ? 1024 : FEATURE;
        long fused = settings.fusedWidth() == 0 ? 0 : 2 * (1024 * 1024 + 1024);
        assertEquals(fused + 2 * width * 1024 + 1024 + (1024 + 1) * settings.outputs(), count(graph, "relation."));
        assertLearns(graph);
    }

    /** The toolkit's TxE stands on its two layers; the paper's on one, with learned positions of five events. */
    private static void assertEncoder(Graph graph, Optional<ContextualizerConfig> contextualizer, long alone) {
        boolean toolkit = contextualizer.filter(each -> each.positions() == ContextualizerConfig.Positions.SINUSOID).isPresent();
        long inContext = TXE + (toolkit ? TWO_LAYERS : FEATURE * 1024 + 1024 + 5 * 1024);
        assertEquals(contextualizer.isPresent() ? inContext : 0, count(graph, "contextualizer."));
        assertEquals(contextualizer.isPresent() ? 0 : alone, count(graph, "event."));
    }

    /** Adam keeps two numbers of each that it moves. */
    private static void assertLearns(Graph graph) {
        assertEquals(Shape.of(), graph.outputs().get(Metrics.LOSS).shape());
        assertEquals(Shape.of(), graph.outputs().get(Optimizer.GRADIENT_NORM).shape());
        long moments = graph.declarations().stream().filter(each -> each.name().startsWith(Optimizer.PREFIX))
            .mapToLong(each -> each.type().shape().elements()).sum();
        assertTrue(moments >= 2 * count(graph, ""), () -> moments + " for " + count(graph, ""));
    }

    private static long count(Graph graph, String prefix) {
        return graph.declarations().stream().filter(each -> each.trained() && each.name().startsWith(prefix))
            .mapToLong(each -> each.type().shape().elements()).sum();
    }
}
