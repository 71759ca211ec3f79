package dev.kinema.device.reference;

import dev.kinema.device.Device;
import dev.kinema.device.DeviceProvider;

/** Makes the reference device known under the name {@code reference}. */
public final class ReferenceDeviceProvider implements DeviceProvider {
    @Override
    public String name() {
        return ReferenceDevice.NAME;
    }

    @Override
    public Device open(int threads) {
        return new ReferenceDevice(threads);
    }
}
