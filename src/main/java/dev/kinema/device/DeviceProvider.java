package dev.kinema.device;

/** How a device package makes itself known to {@link Device#open(String, int)}, through the service loader. */
public interface DeviceProvider {
    String name();

    /**
     * @param threads at least 1
     * @throws dev.kinema.KinemaException with the reason and the remedy if the device cannot be opened on this machine
     */
    Device open(int threads);
}
