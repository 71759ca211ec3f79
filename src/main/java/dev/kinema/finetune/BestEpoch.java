package dev.kinema.finetune;

import dev.kinema.checkpoint.Safetensors;
import dev.kinema.device.Weights;
import dev.kinema.graph.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The weights of the epoch with the best score so far, in a file. A run that is killed after they were written, and goes on from a checkpoint
 * before, comes to the same epoch again and writes the same ones.
 */
final class BestEpoch {
    private static final String EPOCH = "best_epoch";
    private static final String SCORE = "best_score";

    private final Path file;
    private long epoch;
    /** As in the toolkit an epoch must be better than nothing at all. */
    private double score;

    BestEpoch(Path file) {
        this.file = file;
    }

    /** Keeps the weights if their score is above all before. */
    void offer(double reached, long after, Weights weights) {
        if (reached > score) {
            score = reached;
            epoch = after;
            keep(weights);
        }
    }

    private void keep(Weights weights) {
        Map<String, Type> types = new LinkedHashMap<>();
        weights.names().stream().filter(TaskNetwork::isOwn).forEach(name -> types.put(name, weights.get(name).type()));
        Safetensors.write(file, types, weights::get, position());
    }

    /** The epoch, counted from 1; 0 where none was better than nothing. */
    long epoch() {
        return epoch;
    }

    Map<String, String> position() {
        return Map.of(EPOCH, Long.toString(epoch), SCORE, Double.toString(score));
    }

    void restore(Map<String, String> position) {
        epoch = Long.parseLong(position.get(EPOCH));
        score = Double.parseDouble(position.get(SCORE));
    }

    /**
     * Puts the best epoch's weights in place of those that are there. Where no epoch was better than nothing, and so there is no file, these
     * stay, and are kept.
     */
    void load(Weights weights) {
        if (!Files.exists(file)) {
            keep(weights);
            return;
        }
        try (Safetensors open = Safetensors.open(file)) {
            restore(open.metadata());
            open.names().forEach(name -> weights.put(name, open.read(name)));
        }
    }
}
