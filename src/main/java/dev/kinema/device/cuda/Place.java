package dev.kinema.device.cuda;

import org.bytedeco.javacpp.Pointer;

/** An address for the presets' functions; JavaCPP lets only subclasses set one. */
final class Place extends Pointer {
    Place at(long place) {
        address = place;
        return this;
    }
}
