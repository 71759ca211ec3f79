package dev.kinema.benchmarks.peers;

import dev.kinema.device.Precision;

/** Something that computes the pooled features of one clip again and again. */
interface Contestant extends AutoCloseable {
    String name();

    Precision precision();

    /** One forward pass: what is timed. */
    void run();

    /** The features of the last run. */
    float[] features();

    @Override
    void close();
}
