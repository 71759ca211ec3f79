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
    BF16,
    /** For encoding only, and with a {@link Calibration}; where the device lacks it, opening the encoder fails. */
    INT8;

    /**
     * What that is on a device, for a backbone that encodes films and was calibrated.
     *
     * @throws KinemaException for {@link #BF16} and {@link #INT8} where the device does not compute in it
     */
    public Precision calibratedOn(Device device) {
        if (this != INT8) {
            return on(device);
        }
        if (!device.supports(Precision.INT8)) {
            throw new KinemaException("the device " + device.name() + " (" + device.description()
                + ") does not compute in int8: take bf16 or fp32, or the device cpu on a processor with VNNI");
        }
        return Precision.INT8;
    }

    /**
     * What that is on a device.
     *
     * @throws KinemaException for {@link #BF16} where the device does not compute in it, and for {@link #INT8}
     */
    public Precision on(Device device) {
        if (this == INT8) {
            throw new KinemaException("int8 is for encoding films with a calibrated backbone (kinema embed --precision int8 --calibration"
                + " FILE, MovieEncoderConfig.withInt8): choose fp32, bf16 or auto here");
        }
        boolean bf16 = device.supports(Precision.BF16);
        if (this == BF16 && !bf16) {
            throw new KinemaException("the device " + device.name() + " (" + device.description()
                + ") does not compute in bf16: choose fp32 or auto");
        }
        return this == FP32 || !bf16 ? Precision.FP32 : Precision.BF16;
    }
}
