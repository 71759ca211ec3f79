package dev.kinema.embed;

import dev.kinema.KinemaException;
import java.util.concurrent.TimeUnit;

/** Something that a lane is to do for a call, which waits for it, or drops it. */
abstract class LaneWork {
    private enum State {
        QUEUED,
        /** A lane reads the call's memory. */
        READING,
        /** A lane has what it needs. */
        READ,
        DONE,
        DROPPED
    }

    private static final long LONGEST_WAIT_MILLIS = 60_000;

    private State state = State.QUEUED;
    private Throwable failure;

    /** Whether somebody waits for it, as far as is known. */
    final synchronized boolean isWanted() {
        return state != State.DROPPED;
    }

    /** To be called by the lane before it reads the call's memory, and again before it does so again; false where nobody waits any more. */
    final synchronized boolean begin() {
        if (state == State.DROPPED) {
            return false;
        }
        state = State.READING;
        return true;
    }

    /** To be called by the lane that began it, which does not look at the call's memory from now on. */
    final synchronized void read() {
        state = State.READ;
        notifyAll();
    }

    /** To be called by the lane; {@code thrown} is null where all went well. */
    final void end(Throwable thrown) {
        synchronized (this) {
            if (state == State.DROPPED || state == State.DONE) {
                return;
            }
            failure = thrown;
            state = State.DONE;
            notifyAll();
        }
        ended();
    }

    /** Is told, in the lane's thread, that the work is done. */
    void ended() {
    }

    /** Whether it is done, well or not. */
    final synchronized boolean isDone() {
        return state == State.DONE;
    }

    /** Waits until it is done, in the call's thread. */
    final synchronized void await(EncodingCall call) {
        call.wakenBy(this::wake);
        try {
            while (state != State.DONE) {
                call.check();
                wait(Math.min(LONGEST_WAIT_MILLIS, 1 + TimeUnit.NANOSECONDS.toMillis(call.remaining())));
            }
        } catch (InterruptedException e) {
            throw call.interrupted();
        } finally {
            call.wakenByNobody();
        }
    }

    private synchronized void wake() {
        notifyAll();
    }

    /** Takes the work back. Only a lane that is reading the call's memory is waited for, not its run. An interrupt is kept for later. */
    final synchronized void drop() {
        boolean interrupted = false;
        while (state == State.READING) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (state != State.DONE) {
            state = State.DROPPED;
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Throws what the lane did. An error is the caller's to see, but its trace is that of another thread. */
    final synchronized void rethrow() {
        if (failure instanceof KinemaException e) {
            throw new KinemaException(e.getMessage(), e);
        }
        if (failure instanceof RuntimeException e) {
            throw new IllegalStateException(e);
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }
}
