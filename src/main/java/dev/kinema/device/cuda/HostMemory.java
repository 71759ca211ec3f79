package dev.kinema.device.cuda;

import dev.kinema.KinemaException;
import dev.kinema.device.HostArray;
import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.Type;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;

/** One owned block of memory of the host that a device copies from and to without a detour, seen as an array; zeroed. */
final class HostMemory implements AutoCloseable {
    private final long address;
    private final long bytes;
    private final HostArray array;
    private boolean closed;

    /**
     * @param what names the block in errors
     * @throws KinemaException if there is not so much memory, or more is asked for than an array of the host holds
     */
    HostMemory(Type type, String what) {
        bytes = type.bytes();
        if (bytes > Integer.MAX_VALUE) {
            throw new KinemaException(String.format("'%s' is %s, %,d bytes, and an array of the host holds at most %,d: use a smaller batch,"
                + " or several arrays", what, type, bytes, Integer.MAX_VALUE));
        }
        address = Kinema.kn_host_allocate(bytes);
        if (address == 0) {
            throw new KinemaException(String.format("no %,d bytes of memory for '%s' (%s): use a smaller batch", bytes, what,
                CudaLibrary.lastError()));
        }
        boolean complete = false;
        try {
            ByteBuffer view = bytes == 0 ? ByteBuffer.allocateDirect(0) : new Place(address, bytes).asByteBuffer();
            array = HostArray.wrap(type.dtype(), type.shape(), view.order(ByteOrder.LITTLE_ENDIAN));
            if (bytes > 0) {
                Pointer.memset(new Place(address, bytes), 0, bytes);
            }
            complete = true;
        } finally {
            if (!complete) {
                Kinema.kn_host_free(address);
            }
        }
    }

    long address() {
        return address;
    }

    long bytes() {
        return bytes;
    }

    /** The same names with the arrays. */
    static Map<String, HostArray> arrays(Map<String, HostMemory> memory) {
        Map<String, HostArray> arrays = new LinkedHashMap<>();
        memory.forEach((name, m) -> arrays.put(name, m.array()));
        return arrays;
    }

    /** Valid until this is closed. */
    HostArray array() {
        return array;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            CudaLibrary.check(Kinema.kn_host_free(address));
        }
    }

    /** JavaCPP lets only subclasses set an address. */
    private static final class Place extends Pointer {
        Place(long address, long bytes) {
            this.address = address;
            this.capacity = bytes;
            this.limit = bytes;
        }

        @Override
        public int sizeof() {
            return 1;
        }
    }
}
