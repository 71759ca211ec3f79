package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;

/** In what numbers the backbone is to compute. */
public enum PrecisionChoice {
    /** {@link #BF16} where the device computes in it, else {@link #FP32}. */
    AUTO,
    FP32,
    /** Where the device lacks it, opening the encoder fails. */
    BF16;

    /**
     * What that is on a device.
     *
     * @throws KinemaException for {@link #BF16} where the device does not compute in it
     */
    public Precision on(Device device) {
        boolean bf16 = device.supports(Precision.BF16);
        if (this == BF16 && !bf16) {
            throw new KinemaException("the device " + device.name() + " (" + device.description()
                + ") does not compute in bf16: choose fp32 or auto");
        }
        return this == FP32 || !bf16 ? Precision.FP32 : Precision.BF16;
    }
}
