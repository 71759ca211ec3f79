package dev.kinema.device.cuda;

import dev.kinema.device.Device;
import dev.kinema.device.Weights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests with an emulated device of their own, and weights on it. */
public abstract class OnEmulatedDevice {
    protected Device device;
    protected Weights weights;

    @BeforeEach
    protected final void openDevice() {
        device = Emulated.device();
        weights = device.newWeights();
    }

    @AfterEach
    protected final void closeDevice() {
        if (device != null) {
            weights.close();
            device.close();
        }
    }
}
