package dev.kinema.golden;

import dev.kinema.device.Device;
import dev.kinema.device.DeviceProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Assumptions;

/** Opens the devices that golden tests run on. */
public final class Devices {
    private Devices() {}

    /** The device; the test is reported as aborted where this build has none of that name, and fails where it cannot be opened. */
    public static Device open(String name) {
        boolean known = ServiceLoader.load(DeviceProvider.class).stream().anyMatch(p -> p.get().name().equals(name));
        Assumptions.assumeTrue(known, "this build has no device named '" + name + "'");
        return Device.open(name);
    }
}
