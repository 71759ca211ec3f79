package dev.kinema.golden;

import dev.kinema.device.Device;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Golden tests of one device, which is open while a test runs. A subclass per device says how far that device may be off. */
public abstract class OnDevice {
    private final String name;
    protected Device device;

    protected OnDevice(String name) {
        this.name = name;
    }

    @BeforeEach
    void open() {
        device = Device.open(name);
    }

    @AfterEach
    void close() {
        if (device != null) {
            device.close();
        }
    }
}
