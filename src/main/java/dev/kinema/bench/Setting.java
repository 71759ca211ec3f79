package dev.kinema.bench;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Precision;
import dev.kinema.device.Roofline;
import java.util.Optional;

/**
 * What a case is opened for.
 *
 * @param batch clips, or rows of events, that are computed at once; {@link Size#SMALLEST} goes without
 * @param roofline of the device in this precision; empty where it was not measured
 */
public record Setting(Device device, Precision precision, Size size, int batch, Optional<Roofline> roofline) {
    public Setting {
        if (batch < 1) {
            throw new IllegalArgumentException("a batch of " + batch);
        }
    }

    /** One at a time, without a roofline. */
    public Setting(Device device, Precision precision, Size size) {
        this(device, precision, size, 1, Optional.empty());
    }

    Compilation compilation() {
        return new Compilation(precision, true);
    }

    boolean smallest() {
        return size == Size.SMALLEST;
    }

    Setting of(Device other, Precision numbers) {
        return new Setting(other, numbers, size, batch, roofline);
    }

    Setting smaller() {
        return new Setting(device, precision, Size.SMALLEST, 1, Optional.empty());
    }
}
