package dev.kinema.cli;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.embed.ActivationRecorder;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.embed.ContextualizerWeights;
import dev.kinema.embed.NetworkDescription;
import dev.kinema.embed.PrecisionChoice;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Philox;
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
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * What is profiled: a network as {@code embed} runs it, or a step of its training, on made-up input.
 *
 * @param slow a backbone; null for a contextualizer
 * @param contextualizer null for a backbone
 * @param tensors its weights; what is missing is drawn
 */
record ProfiledNetwork(SlowConfig slow, ContextualizerConfig contextualizer, Map<String, HostArray> tensors) {
    private static final long SEED = 1;
    private static final String INPUT = "x";
    private static final String PADDING = "padding";

    /** What of its training is run. */
    enum Step {
        /** Inference. */
        NONE,
        /** What the network is for: {@link #SUPERVISED} with classes, else {@link #CVRL}; {@link #MASKS} of a contextualizer. */
        USUAL,
        SUPERVISED,
        CVRL,
        MOCO,
        MASKS
    }

    static ProfiledNetwork described(Path config) {
        NetworkDescription description = NetworkDescription.read(config);
        return new ProfiledNetwork(description.slow().map(NetworkDescription.Backbone::config).orElse(null),
            description.contextualizer().orElse(null), Map.of());
    }

    static ProfiledNetwork backbone(Path weights) {
        BackboneWeights network = BackboneWeights.read(weights);
        return new ProfiledNetwork(network.config(), null, network.tensors());
    }

    static ProfiledNetwork contextualizer(Path weights) {
        ContextualizerWeights network = ContextualizerWeights.read(weights);
        return new ProfiledNetwork(null, network.config(), network.tensors());
    }

    boolean isBackbone() {
        return slow != null;
    }

    /** The step that is meant; null if it is none of this network's. */
    Step step(Step asked) {
        return switch (asked) {
            case NONE -> Step.NONE;
            case USUAL -> !isBackbone() ? Step.MASKS : slow.head().classes() > 1 ? Step.SUPERVISED : Step.CVRL;
            case SUPERVISED, CVRL, MOCO -> isBackbone() ? asked : null;
            case MASKS -> isBackbone() ? null : asked;
        };
    }

    int usualBatch(Step step) {
        return isBackbone() ? step == Step.NONE ? 1 : 2 : step == Step.NONE ? 8 : 64;
    }

    String title(Step step, int batch) {
        String network = isBackbone() ? "backbone, " : "contextualizer, ";
        String size = isBackbone() ? " of " + slow.clip().frames() + "x" + slow.clip().crop() + "x" + slow.clip().crop()
            : " of " + contextualizer.maxLength() + " events";
        String what = switch (step) {
            case NONE -> "inference of " + count(batch, isBackbone() ? "clip" : "window");
            case USUAL -> throw new IllegalArgumentException("a step is to be chosen before it has a title");
            case SUPERVISED -> "supervised step over " + count(batch, "clip");
            case CVRL, MOCO -> step.name() + " step over " + count(batch, "film") + ", two clips each";
            case MASKS -> "mask prediction step over " + count(batch, "sequence");
        };
        return network + what + size;
    }

    private static String count(int n, String what) {
        return n + " " + what + (n == 1 ? "" : "s");
    }

    /** Training names variables by the network that they are of. */
    void copyTo(Weights weights, Step step) {
        String prefix = step == Step.NONE ? "" : isBackbone() ? "backbone." : "contextualizer.";
        tensors.forEach((name, tensor) -> weights.put(prefix + name, tensor));
    }

    /** The program with its inputs filled. */
    Program compile(Device device, Compilation how, Weights weights, Step step, int batch) {
        return switch (step) {
            case NONE -> inference(device, how, weights, batch);
            case MASKS -> ExampleStep.contextualizer(device, how, weights, contextualizer, batch);
            default -> ExampleStep.backbone(device, how, weights, slow, ObjectiveKind.valueOf(step.name()), batch);
        };
    }

    /** How it is compiled; int8 with the ranges of made-up input. */
    Compilation compilation(PrecisionChoice precision, Device device, Weights weights, Step step) {
        if (precision != PrecisionChoice.INT8 || step != Step.NONE || !isBackbone()) {
            return new Compilation(precision.on(device), true);
        }
        precision.calibratedOn(device);
        weights.initialize(inferenceGraph(1), SEED);
        ByteBuffer clip = ByteBuffer.allocate(slow.clip().frames() * slow.clip().crop() * slow.clip().crop() * 3);
        Philox random = Philox.named(SEED, INPUT);
        for (int i = 0; i < clip.capacity(); i++) {
            clip.put(i, (byte) random.bits(i));
        }
        try (ActivationRecorder recorder = new ActivationRecorder(device, weights, slow)) {
            recorder.add(clip);
            return Compilation.int8(recorder.ranges(100));
        }
    }

    private Graph inferenceGraph(int batch) {
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        if (isBackbone()) {
            SlowConfig.Clip clip = slow.clip();
            Value frames = graph.input(INPUT, DType.U8, Shape.of(batch, clip.frames(), clip.crop(), clip.crop(), 3));
            graph.output("feature", new Slow(slow).feature(pass, NormalizeFrames.of(frames, NormalizeFrames.KINETICS)));
        } else {
            Contextualizer network = new Contextualizer(contextualizer);
            Value features = graph.input(INPUT, DType.F32, Shape.of(batch, contextualizer.maxLength(), contextualizer.inputWidth()));
            Value padding = graph.input(PADDING, DType.U8, Shape.of(batch, contextualizer.maxLength()));
            graph.output("events", network.encode(pass, network.tokens(pass, features), padding));
        }
        return graph;
    }

    private Program inference(Device device, Compilation how, Weights weights, int batch) {
        Graph graph = inferenceGraph(batch);
        weights.initialize(graph, SEED);
        Program program = device.compile(graph, weights, how);
        HostArray input = program.input(INPUT);
        Philox random = Philox.named(SEED, INPUT);
        for (int i = 0; i < input.elements(); i++) {
            if (isBackbone()) {
                input.set(i, (long) (random.bits(i) & 0xFF));
            } else {
                input.set(i, random.normal(i));
            }
        }
        return program;
    }
}
