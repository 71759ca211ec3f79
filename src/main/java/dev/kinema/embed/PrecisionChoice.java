package dev.kinema.embed;

import dev.kinema.device.Device;
import dev.kinema.device.Precision;

/** In what numbers the backbone is to compute. */
public enum PrecisionChoice {
    /** {@link #BF16} where the device computes in it, else {@link #FP32}. */
    AUTO,
    FP32,
    /** Where the device lacks it, opening the encoder fails. */
    BF16;

    Precision on(Device device) {
        if (this == AUTO) {
            return device.supports(Precision.BF16) ? Precision.BF16 : Precision.FP32;
        }
        return this == FP32 ? Precision.FP32 : Precision.BF16;
    }
}
