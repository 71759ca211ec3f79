package dev.kinema.device.cuda;

import dev.kinema.device.Device;
import dev.kinema.device.Weights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Tests with an emulated device of their own, and weights on it. */
abstract class OnEmulatedDevice {
    Device device;
    Weights weights;

    @BeforeEach
    final void openDevice() {
        device = Emulated.device();
        weights = device.newWeights();
    }

    @AfterEach
    final void closeDevice() {
        if (device != null) {
            weights.close();
            device.close();
        }
    }
}
