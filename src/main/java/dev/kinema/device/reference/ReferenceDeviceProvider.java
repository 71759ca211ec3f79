package dev.kinema.device.reference;

import dev.kinema.device.Device;
import dev.kinema.device.DeviceProvider;
import java.util.List;

/** Makes the reference device known under the name {@code reference}. */
public final class ReferenceDeviceProvider implements DeviceProvider {
    @Override
    public List<String> names() {
        return List.of(ReferenceDevice.NAME);
    }

    @Override
    public Device open(String name, int threads) {
        return new ReferenceDevice(threads);
    }
}
