package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;

/**
 * A stream for what is not a program's run: zeroing memory, copies of weights. Waiting for it does not disturb a thread that captures
 * another stream, as waiting for the device, or work on the default stream, would.
 */
final class OwnStream implements AutoCloseable {
    private final long handle;

    /** On the device that is in use by this thread. */
    OwnStream() {
        handle = CudaLibrary.made(Kinema.kn_stream_create());
    }

    long handle() {
        return handle;
    }

    /** Waits for all that was put on the stream; the status of the call. */
    int await() {
        return Kinema.kn_stream_synchronize(handle);
    }

    @Override
    public void close() {
        CudaLibrary.check(Kinema.kn_stream_destroy(handle));
    }
}
