package dev.kinema.pretrain;

import dev.kinema.graph.Value;
import dev.kinema.nn.Pass;

/**
 * What a backbone learns from, as pieces of a training step's graph. A step puts them together in one graph where a batch fits the memory,
 * and else in several: rows for one part of the batch at a time, and the loss over all rows.
 */
sealed interface Objective permits Contrast, Classification {
    /** Name of the trained network's variables, with a dot: that of PySlowFast's contrastive models. */
    String NETWORK = "backbone.";
    /** Name of the momentum encoder's variables, with a dot. */
    String COPY = "backbone_hist.";

    /** Clips per film. */
    int clips();

    /** Length of a row. */
    int width();

    /** Rows [C, width] of normalised clips [C, T, H, W, 3] by the network that is trained; {@code pass} stands at its name. */
    Value rows(Pass pass, Value clips);

    /** Whether a momentum encoder makes keys. */
    default boolean hasKeys() {
        return false;
    }

    /**
     * The loss [] of a batch of N films.
     *
     * @param rows [clips * N, width], the first clips of all films first
     * @param keys the same by the momentum encoder; null where there is none
     * @param films N
     */
    Loss loss(Value rows, Value keys, int films);

    /** What the loss is for rows of chance. */
    double chance(int films);

    /**
     * A loss with what is to be logged beside it.
     *
     * @param value [], what is minimised
     * @param ranks int32, for every comparison how many negatives are more alike than the positive; null where it is not known
     */
    record Loss(Value value, Value ranks) {}
}
