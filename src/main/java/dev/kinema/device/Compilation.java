package dev.kinema.device;

/**
 * How a graph is compiled.
 *
 * @param precision in what numbers it computes
 * @param fuse whether neighbours are fused; off only to compare
 * @param checkFinite whether a run stops with a {@link dev.kinema.KinemaException} at the first node that computes NaN or an infinity,
 *     which it names; for diagnosis, as every value is read once more. Effects come last, so weights are as they were, unless it is an
 *     update itself that leaves numbers
 * @param ranges of activations, for {@link Precision#INT8}
 */
public record Compilation(Precision precision, boolean fuse, boolean checkFinite, ActivationRanges ranges) {
    public static final Compilation FP32 = new Compilation(Precision.FP32, true);
    public static final Compilation BF16 = new Compilation(Precision.BF16, true);

    public Compilation(Precision precision, boolean fuse) {
        this(precision, fuse, false);
    }

    public Compilation(Precision precision, boolean fuse, boolean checkFinite) {
        this(precision, fuse, checkFinite, ActivationRanges.NONE);
    }

    /** Inference in 8-bit integers. */
    public static Compilation int8(ActivationRanges ranges) {
        return new Compilation(Precision.INT8, true, false, ranges);
    }

    /** The same with {@link #checkFinite}. */
    public Compilation withFiniteChecks() {
        return new Compilation(precision, fuse, true, ranges);
    }

    /** The same in other numbers. */
    public Compilation withPrecision(Precision other) {
        return new Compilation(other, fuse, checkFinite, ranges);
    }
}
