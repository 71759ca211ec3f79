package dev.kinema.data;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Pixels of batches, used again and again: once there are as many as the consumer holds and as wait ready, none is allocated any more.
 * Any thread may use it.
 */
final class BatchBuffers {
    private final int bytes;
    private final Deque<ByteBuffer> spare = new ArrayDeque<>();
    private int allocated;

    BatchBuffers(int bytes) {
        this.bytes = bytes;
    }

    synchronized ByteBuffer take() {
        ByteBuffer buffer = spare.pollFirst();
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(bytes);
            allocated++;
        }
        return buffer.clear();
    }

    synchronized void give(ByteBuffer buffer) {
        spare.addFirst(buffer);
    }

    /** How many there are in all. */
    synchronized int allocated() {
        return allocated;
    }
}
