package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.checkpoint.Sha256;
import dev.kinema.model.ContextualizerConfig;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a contextualizer was trained on, which it is to be used on, too; entries of its weights file.
 *
 * @param backboneSha256 digest of the weights file of the backbone whose features it read
 * @param stride seconds from event to event
 * @param tokens events of a sequence
 */
public record ContextualizerTraining(String backboneSha256, double stride, int tokens) {
    private static final String BACKBONE = "training.backbone_sha256";
    private static final String STRIDE = "training.stride_seconds";
    private static final String TOKENS = "training.tokens";
    /** Far above what writing a number down and reading it changes. */
    private static final double TOLERANCE = 1e-9;

    Map<String, String> toMap() {
        Map<String, String> map = new LinkedHashMap<>();
        map.put(BACKBONE, backboneSha256);
        map.put(STRIDE, Double.toString(stride));
        map.put(TOKENS, Integer.toString(tokens));
        return map;
    }

    /** Empty where the file does not say. */
    static Optional<ContextualizerTraining> of(Path file, Map<String, String> metadata) {
        if (!metadata.containsKey(BACKBONE)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new ContextualizerTraining(metadata.get(BACKBONE), Double.parseDouble(String.valueOf(metadata.get(STRIDE))),
                Integer.parseInt(String.valueOf(metadata.get(TOKENS)))));
        } catch (NumberFormatException e) {
            throw new KinemaException(file + ": its metadata " + STRIDE + " or " + TOKENS + " is no number (" + e.getMessage()
                + "): train it again, or put it back from a copy", e);
        }
    }

    /** Refuses what the contextualizer was not trained for, where its numbers would be meaningless without a word. */
    void requireUse(Path file, ContextualizerConfig network, Path backbone, double hop, OptionalInt window) {
        String given = Sha256.of(backbone);
        if (!backboneSha256.equals(given)) {
            throw new KinemaException(file + ": was trained on features of the backbone with SHA-256 " + backboneSha256 + ", and " + backbone
                + " has " + given + ": give the backbone that it was trained with");
        }
        if (!(Math.abs(hop - stride) <= TOLERANCE * stride)) {
            throw new KinemaException(file + ": was trained on events " + stride + " s apart, and the hop is " + hop + " s: set it to "
                + stride + " (--hop " + stride + ")");
        }
        if (network.positions() == ContextualizerConfig.Positions.LEARNED && window.isPresent() && window.getAsInt() > tokens) {
            throw new KinemaException(file + ": was trained on sequences of " + tokens + " events, and the window is " + window.getAsInt()
                + ": it has not learned positions beyond the first " + tokens + ", lower the window");
        }
    }
}
