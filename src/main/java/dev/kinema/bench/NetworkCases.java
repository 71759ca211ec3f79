package dev.kinema.bench;

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
import java.util.List;
import java.util.Set;

/** Whole programs: features of clips, events of films, and a training step of either network. */
final class NetworkCases {
    private static final String SUITE = "programs";
    /** Every kind of layer there is, in a network that the reference device computes in a second. */
    static final SlowConfig SMALL_SLOW = SlowConfig.slowD(26).withWidth(16).withClip(new SlowConfig.Clip(8, 32, 4));
    static final ContextualizerConfig SMALL_TXE = ContextualizerConfig.TXE.withSizes(32, 32, 2, 2, 64, 5);

    /** Windows of a clip's events, and of those of a film of ten minutes, an event every 2 s: the whole of it in one run. */
    private static final int FEW = 8;
    private static final int FILM = 64;

    private NetworkCases() {}

    static List<Case> all() {
        return List.of(new FeatureCase(new GraphCase(SUITE, "embed-slow-d", Set.of(), NetworkCases::slow), NetworkCases::slowOfBytes),
            new GraphCase(SUITE, "embed-txe", Set.of(), setting -> contextualizer(setting, FEW)),
            new GraphCase(SUITE, "embed-txe-film", Set.of(), setting -> contextualizer(setting, FILM)),
            new StepCase(SUITE, "step-slow-d-cvrl", StepCase.Network.SLOW_D), new StepCase(SUITE, "step-txe-masks", StepCase.Network.TXE));
    }

    /** Pooled features of clips [N, 16, 224, 224, 3] of floats. */
    private static Subject slow(Setting setting) {
        Graph graph = new Graph();
        Value clips = graph.input(FeatureCase.CLIPS, DType.F32, shape(setting));
        graph.output(FeatureCase.FEATURE, new Slow(config(setting)).feature(Pass.eval(graph), clips));
        return new Subject(graph);
    }

    /** The same of pictures, uint8. */
    private static Subject slowOfBytes(Setting setting) {
        Graph graph = new Graph();
        Value frames = graph.input(FeatureCase.FRAMES, DType.U8, shape(setting));
        Value clips = NormalizeFrames.of(frames, NormalizeFrames.KINETICS);
        graph.output(FeatureCase.FEATURE, new Slow(config(setting)).feature(Pass.eval(graph), clips));
        return new Subject(graph);
    }

    private static SlowConfig config(Setting setting) {
        return (setting.smallest() ? SMALL_SLOW : SlowConfig.SLOW_D_R50).withZeroInitFinalNorm(false);
    }

    private static Shape shape(Setting setting) {
        SlowConfig.Clip clip = config(setting).clip();
        return Shape.of(setting.batch(), clip.frames(), clip.crop(), clip.crop(), 3);
    }

    /** Events of so many windows, as {@code embed} computes them. */
    private static Subject contextualizer(Setting setting, int windows) {
        ContextualizerConfig config = setting.smallest() ? SMALL_TXE : ContextualizerConfig.TXE;
        int count = setting.smallest() ? 2 : windows * setting.batch();
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        Contextualizer network = new Contextualizer(config);
        Value features = graph.input("features", DType.F32, Shape.of(count, config.maxLength(), config.inputWidth()));
        Value padding = graph.input(Subject.PADDING, DType.U8, Shape.of(count, config.maxLength()));
        graph.output("events", network.encode(pass, network.tokens(pass, features), padding));
        return new Subject(graph);
    }
}
