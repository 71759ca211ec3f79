package dev.kinema.device;

/**
 * How a graph is compiled.
 *
 * @param precision in what numbers it computes
 * @param fuse whether neighbours are fused; off only to compare
 */
public record Compilation(Precision precision, boolean fuse) {
    public static final Compilation FP32 = new Compilation(Precision.FP32, true);
    public static final Compilation BF16 = new Compilation(Precision.BF16, true);
}
