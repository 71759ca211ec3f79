package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.HostArray;
import dev.kinema.embed.BackboneWeights;
import dev.kinema.model.SlowConfig;
import dev.kinema.run.Checkpoints;
import dev.kinema.run.StageFolder;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/** What training a backbone begins with, and what it leaves: weights without what only training needs. */
final class BackboneResult {
    private static final String HEAD = Objective.NETWORK + "head.";
    private static final String PROJECTION = Objective.NETWORK + "head.projection.projection.";

    private BackboneResult() {}

    /**
     * Weights by the names of the training graph.
     *
     * @param before folder of the phase before, from which the network goes on with its head, if both have the same kind of objective; or null
     */
    static Map<String, HostArray> start(BackboneConfig config, BackboneConfig.Phase phase, StageFolder before) {
        Map<String, HostArray> start = new LinkedHashMap<>();
        if (before != null) {
            boolean sameHead = config.first().objective().kind() == phase.objective().kind()
                && config.first().objective().head().equals(phase.objective().head());
            start.putAll(tensors(checkpoint(before.path()), name ->
                name.startsWith(Objective.NETWORK) && (sameHead || !name.startsWith(HEAD))));
        } else if (config.weights().isPresent()) {
            BackboneWeights weights = BackboneWeights.read(config.weights().get());
            boolean classes = phase.objective().kind() == BackboneConfig.ObjectiveKind.SUPERVISED
                && weights.config().head().classes() == config.network().head().classes();
            weights.tensors().forEach((name, tensor) -> {
                if (classes || !name.startsWith("head.")) {
                    start.put(Objective.NETWORK + name, tensor);
                }
            });
        }
        return start;
    }

    /** The projection head is in the checkpoints only. */
    private static Path checkpoint(Path before) {
        return Checkpoints.latest(before.resolve("checkpoints")).orElseThrow(() -> new KinemaException("the checkpoints of '" + before
            + "' are gone, and further training goes on from the last of them: put it back, or remove the folder to train again"));
    }

    private static Map<String, HostArray> tensors(Path checkpoint, Predicate<String> wanted) {
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        try (Safetensors file = Safetensors.open(checkpoint)) {
            file.names().stream().filter(wanted).forEach(name -> tensors.put(name, file.read(name)));
        }
        return tensors;
    }

    /** Writes the network of a checkpoint: its classifier only where it was trained. */
    static void write(Path checkpoint, BackboneConfig config, BackboneConfig.Phase phase, Path destination, long seed, long steps) {
        SlowConfig network = config.network().config();
        boolean classes = phase.objective().kind() == BackboneConfig.ObjectiveKind.SUPERVISED;
        if (!classes) {
            network = network.withHead(new SlowConfig.Head(network.head().pool(), 0, network.head().dropout()));
        }
        Map<String, HostArray> tensors = new LinkedHashMap<>();
        tensors(checkpoint, name -> name.startsWith(Objective.NETWORK) && !name.startsWith(PROJECTION))
            .forEach((name, tensor) -> tensors.put(name.substring(Objective.NETWORK.length()), tensor));
        String origin = "pretrained (" + phase.objective().kind().name().toLowerCase(Locale.ROOT) + ", " + phase.epochs()
            + " epochs on " + phase.films().list() + ")";
        new BackboneWeights(checkpoint, network, tensors, origin).write(destination, seed, steps);
    }
}
