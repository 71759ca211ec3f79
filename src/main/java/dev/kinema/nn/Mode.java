package dev.kinema.nn;

/** What a network is built for. */
public enum Mode {
    /** Dropout drops, batch norm uses the statistics of the batch and updates the running ones. */
    TRAIN,
    /** Dropout does nothing, batch norm uses the running statistics. */
    EVAL
}
