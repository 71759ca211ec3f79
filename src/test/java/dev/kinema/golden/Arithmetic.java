package dev.kinema.golden;

import dev.kinema.device.Device;
import dev.kinema.device.Precision;

/** In what numbers golden results are computed, on which depends how far they may be off. */
public enum Arithmetic {
    /** All in float64: the reference, whatever the precision. */
    DOUBLE,
    FP32,
    /** Activations and operands in bfloat16, sums in float32. */
    BF16;

    /** What a device computes in at a precision. */
    static Arithmetic of(Device device, Precision precision) {
        return device.name().equals("reference") ? DOUBLE : precision == Precision.BF16 ? BF16 : FP32;
    }

    /** One of three values, as for a tolerance. */
    public <T> T choose(T inDouble, T inFp32, T inBf16) {
        return switch (this) {
            case DOUBLE -> inDouble;
            case FP32 -> inFp32;
            case BF16 -> inBf16;
        };
    }
}
