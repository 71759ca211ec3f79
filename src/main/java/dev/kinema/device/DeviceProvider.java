package dev.kinema.device;

import dev.kinema.KinemaException;
import java.util.List;

/** How a device package makes itself known to {@link Device#open(String, int)}, through the service loader. */
public interface DeviceProvider {
    /** The devices there are, as they are named; at least one, so that a list can say why it cannot be opened. */
    List<String> names();

    /** Whether a name is one for this provider, which then opens the device or says why not. */
    default boolean opens(String name) {
        return names().contains(name);
    }

    /**
     * @param name one that {@link #opens} accepted
     * @param threads at least 1
     * @throws dev.kinema.KinemaException with the reason and the remedy if the device cannot be opened on this machine
     */
    Device open(String name, int threads);

    /** The same for devices whose work libraries of their vendor could do as well; for others there is nothing to choose. */
    default Device open(String name, int threads, Vendor vendor) {
        if (vendor == Vendor.ALWAYS) {
            throw new KinemaException("device " + name + " has no libraries of a vendor to choose from: leave --vendor always away, or"
                + " choose a cuda device");
        }
        return open(name, threads);
    }
}
