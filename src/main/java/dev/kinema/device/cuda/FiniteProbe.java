package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;

/** A value to be looked at after a step: slow, for diagnosis. */
record FiniteProbe(Step step, Value value, Buffer buffer) {
    /** Reads the value back when the stream has made it, and counts what is not finite in it. */
    long count(long stream) {
        long count = 0;
        try (HostMemory host = new HostMemory(new Type(buffer.dtype(), buffer.shape()), value.toString())) {
            CudaLibrary.check(Kinema.kn_copy_to_host(host.address(), buffer.address(), host.bytes(), stream));
            CudaLibrary.check(Kinema.kn_stream_synchronize(stream));
            for (int i = 0; i < host.array().elements(); i++) {
                count += Double.isFinite(host.array().get(i)) ? 0 : 1;
            }
        }
        return count;
    }
}
