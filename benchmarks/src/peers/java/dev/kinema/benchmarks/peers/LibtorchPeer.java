package dev.kinema.benchmarks.peers;

import dev.kinema.bench.Peer;
import dev.kinema.bench.Subject;
import dev.kinema.bench.TrainingStep;
import dev.kinema.device.Precision;
import dev.kinema.graph.Graph;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Linear;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.pytorch.global.torch;

/** libtorch, eager and as frozen TorchScript, in each setting that a careful user may choose. */
public final class LibtorchPeer implements Peer {
    @Override
    public List<Contender> enter(Subject subject, Precision precision, int threads) {
        Graph graph = subject.graph();
        boolean derived = LibtorchDerivative.isKnown(subject);
        boolean updated = precision == Precision.FP32 && LibtorchUpdate.isKnown(graph);
        if (!derived && !updated && !LibtorchGraph.isKnown(graph)) {
            return List.of();
        }
        torch.set_num_threads(threads);
        return derived ? List.of(new LibtorchDerivative(subject, precision)) : updated ? List.of(new LibtorchUpdate(subject))
            : graphs(subject, precision);
    }

    /** A graph as it is, in each setting. */
    private static List<Contender> graphs(Subject subject, Precision precision) {
        boolean normed = subject.graph().nodes().stream().anyMatch(node -> node.op() instanceof BatchNormInference);
        boolean video = subject.graph().inputs().values().stream().anyMatch(input -> VideoLayout.isVideo(input.shape()));
        List<Contender> contenders = new ArrayList<>(List.of(new LibtorchGraph(subject, precision, LibtorchGraph.Setting.CONTIGUOUS)));
        if (video) {
            contenders.add(new LibtorchGraph(subject, precision, LibtorchGraph.Setting.CHANNELS_LAST));
        }
        if (normed) {
            contenders.add(new LibtorchGraph(subject, precision, LibtorchGraph.Setting.FOLDED));
        }
        if (normed || isTransformer(subject.graph())) {
            LibtorchFrozen.of(subject, precision).ifPresent(contenders::add);
        }
        return contenders;
    }

    private static boolean isTransformer(Graph graph) {
        return graph.nodes().stream().anyMatch(node -> node.op() instanceof Attention)
            && graph.nodes().stream().anyMatch(node -> node.op() instanceof Linear);
    }

    @Override
    public List<Trainer> trainers(TrainingStep step, Precision precision, int threads) {
        if (!LibtorchStep.isKnown(step)) {
            return List.of();
        }
        torch.set_num_threads(threads);
        boolean video = step.forward().inputs().values().stream().anyMatch(input -> VideoLayout.isVideo(input.shape()));
        return (video ? Stream.of(false, true) : Stream.of(false)).map(channelsLast ->
            new Trainer(LibtorchStep.name(channelsLast), sized -> new LibtorchStep(sized, precision, channelsLast))).toList();
    }

    @Override
    public void close() {}
}
