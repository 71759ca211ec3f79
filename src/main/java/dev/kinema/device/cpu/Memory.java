package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.Pointer;

/** One owned block of native memory, zeroed, aligned to a cache line. */
final class Memory implements AutoCloseable {
    private static final long ALIGNMENT = 64;
    /** Of all blocks of this process: what a leak would show in. */
    private static final AtomicLong LIVE = new AtomicLong();

    private final Pointer block;
    private final long address;
    private final long bytes;

    /** @param what names the block in the error if the machine has not enough memory */
    Memory(long bytes, String what) {
        this.bytes = bytes;
        block = Pointer.malloc(bytes + ALIGNMENT);
        if (block == null || block.isNull()) {
            throw new KinemaException(String.format("no %,d bytes of memory left for %s: use a smaller batch or model", bytes, what));
        }
        address = (block.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        Pointer.memset(at(address, bytes), 0, bytes);
        LIVE.addAndGet(bytes);
    }

    /** Bytes of all blocks that are not closed. */
    static long liveBytes() {
        return LIVE.get();
    }

    long address() {
        return address;
    }

    long bytes() {
        return bytes;
    }

    /** A JavaCPP pointer to memory that somebody else owns. */
    static Pointer at(long address, long bytes) {
        return new Place(address, bytes);
    }

    /** The bytes at an address as a buffer, up to 2 GiB. */
    static ByteBuffer view(long address, long bytes) {
        if (bytes > Integer.MAX_VALUE) {
            throw new KinemaException(String.format("an operation outside oneDNN works on at most 2 GiB at once, this value has %,d bytes:"
                + " use a smaller batch", bytes));
        }
        if (bytes == 0) {
            return ByteBuffer.allocateDirect(0).order(ByteOrder.LITTLE_ENDIAN);
        }
        return at(address, bytes).asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void close() {
        LIVE.addAndGet(-bytes);
        Pointer.free(block);
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
