package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.cuda.binding.Kinema;

/** One owned block of memory on a device, zeroed for what comes after it on a stream. */
final class DeviceMemory implements AutoCloseable {
    private final long address;
    private final long bytes;
    private boolean closed;

    /**
     * @param device the number of the device, which must be in use by this thread
     * @param what names the block in the error if the device has not enough memory
     * @param stream that zeroes it: not the default one, which must not be used while another thread captures a stream
     */
    DeviceMemory(int device, long bytes, String what, long stream) {
        this.bytes = bytes;
        address = Kinema.kn_memory_allocate(bytes);
        if (address == 0) {
            throw new KinemaException(String.format("%s needs %,d bytes of memory on cuda:%d, which has %,d free (%s): use a smaller batch or"
                + " model, or close other programs", what, bytes, device, Kinema.kn_device_property(device, Kinema.KN_MEMORY_FREE),
                CudaLibrary.lastError()));
        }
        if (Kinema.kn_memory_set(address, 0, bytes, stream) != Kinema.KN_OK) {
            KinemaException failure = CudaLibrary.failure();
            Kinema.kn_memory_free(address);
            throw failure;
        }
    }

    long address() {
        return address;
    }

    long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            CudaLibrary.check(Kinema.kn_memory_free(address));
        }
    }
}
