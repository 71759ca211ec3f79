package dev.kinema.data;

import dev.kinema.KinemaException;
import java.util.ArrayDeque;
import java.util.Deque;

/** Batches that wait for the consumer: so many at most, then an end or an error. */
final class ReadyBatches {
    private final Deque<ClipBatch> ready = new ArrayDeque<>();
    private final int capacity;
    private RuntimeException exception;
    private Error error;
    private boolean ended;
    private boolean closed;

    ReadyBatches(int capacity) {
        this.capacity = capacity;
    }

    /** Adds a batch, waiting while there is no room for it. */
    synchronized void put(ClipBatch batch) throws InterruptedException {
        while (ready.size() == capacity && !closed) {
            wait();
        }
        ready.addLast(batch);
        notifyAll();
    }

    /** No batch is to come any more. */
    synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** After the batches that are here, this is thrown. */
    synchronized void end(RuntimeException thrown) {
        exception = thrown;
        end();
    }

    /** After the batches that are here, this is thrown. */
    synchronized void end(Error thrown) {
        error = thrown;
        end();
    }

    /** Whoever waits goes on at once. */
    synchronized void close() {
        closed = true;
        ready.clear();
        notifyAll();
    }

    /** The next batch if it is here; null else, for whatever reason. */
    synchronized ClipBatch poll() {
        notifyAll();
        return ready.pollFirst();
    }

    /** The next batch, null after the last. */
    synchronized ClipBatch take() throws InterruptedException {
        while (ready.isEmpty() && !ended && !closed) {
            wait();
        }
        if (closed) {
            throw new KinemaException("the clip loader is closed: make a new one at the position of the last batch");
        }
        if (!ready.isEmpty()) {
            notifyAll();
            return ready.pollFirst();
        }
        if (error != null) {
            throw error;
        }
        if (exception != null) {
            throw exception;
        }
        return null;
    }
}
