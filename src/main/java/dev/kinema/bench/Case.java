package dev.kinema.bench;

import dev.kinema.device.Precision;
import java.util.Optional;

/** One thing to time: a line of the table. */
public interface Case {
    /** The suite it belongs to, and what it is called there; together they are its name. */
    String suite();

    /** Without spaces: what is computed, and its sizes. */
    String name();

    /** Whether it is computed by a {@link dev.kinema.device.Device}, in its precision; else the processor alone has part in it. */
    default boolean usesDevice() {
        return true;
    }

    /**
     * Whether there is a program of its own in the setting's precision: in 8-bit integers few compute, and what a device computes in
     * float32 alone is no case in bf16.
     */
    default boolean computesIn(Setting setting) {
        return setting.precision() != Precision.INT8;
    }

    /**
     * Checks the case against the reference device, or against what is known of it, at its smallest size, and makes it ready.
     *
     * @throws dev.kinema.KinemaException if its result is wrong: then its time means nothing
     */
    Workload open(Setting setting);

    /** The training step that this is, for other engines, without our program of it; empty where it is none. */
    default Optional<TrainingStep> training(Setting setting) {
        return Optional.empty();
    }

    /** {@code suite/name}. */
    default String fullName() {
        return suite() + "/" + name();
    }

    /** What a result may be off by, relative to its length: see {@link Distance}. */
    static double bound(Precision precision) {
        return switch (precision) {
            case FP32 -> Distance.FP32_BOUND;
            case BF16 -> Distance.BF16_BOUND;
            case INT8 -> Distance.INT8_BOUND;
        };
    }
}
