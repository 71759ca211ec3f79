package dev.kinema.device;

import java.util.Set;

/**
 * How a graph is compiled.
 *
 * @param precision in what numbers it computes
 * @param fuse whether neighbours are fused; off only to compare
 * @param checkFinite whether a run stops with a {@link dev.kinema.KinemaException} at the first node that computes NaN or an infinity,
 *     which it names; for diagnosis, as every value is read once more. Effects come last, so weights are as they were, unless it is an
 *     update itself that leaves numbers
 * @param ranges of activations, for {@link Precision#INT8}
 * @param staged the inputs that can be filled for the next run while one is under way, see
 *     {@link Program#run(java.util.function.BooleanSupplier)}; a device with memory of its own holds these twice
 */
public record Compilation(Precision precision, boolean fuse, boolean checkFinite, ActivationRanges ranges, Set<String> staged) {
    public static final Compilation FP32 = new Compilation(Precision.FP32, true);
    public static final Compilation BF16 = new Compilation(Precision.BF16, true);

    public Compilation {
        staged = Set.copyOf(staged);
    }

    public Compilation(Precision precision, boolean fuse) {
        this(precision, fuse, false);
    }

    public Compilation(Precision precision, boolean fuse, boolean checkFinite) {
        this(precision, fuse, checkFinite, ActivationRanges.NONE, Set.of());
    }

    /** Inference in 8-bit integers. */
    public static Compilation int8(ActivationRanges ranges) {
        return new Compilation(Precision.INT8, true, false, ranges, Set.of());
    }

    /** The same with {@link #checkFinite}. */
    public Compilation withFiniteChecks() {
        return new Compilation(precision, fuse, true, ranges, staged);
    }

    /** The same in other numbers. */
    public Compilation withPrecision(Precision other) {
        return new Compilation(other, fuse, checkFinite, ranges, staged);
    }

    /** The same with other inputs {@link #staged}. */
    public Compilation withStaged(String... inputs) {
        return new Compilation(precision, fuse, checkFinite, ranges, Set.of(inputs));
    }
}
