package dev.kinema.embed;

import dev.kinema.KinemaException;
import java.util.concurrent.TimeUnit;

/** Something that a lane is to do for a call, which waits for it, or drops it. */
abstract class LaneWork {
    private enum State {
        QUEUED, RUNNING, DONE, DROPPED
    }

    private static final long LONGEST_WAIT_MILLIS = 60_000;

    private State state = State.QUEUED;
    private Throwable failure;

    /** To be called by the lane; false where nobody wants it any more. */
    final synchronized boolean begin() {
        if (state != State.QUEUED) {
            return false;
        }
        state = State.RUNNING;
        return true;
    }

    /** To be called by the lane that began it; {@code thrown} is null where all went well. */
    final void end(Throwable thrown) {
        synchronized (this) {
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

    /** Takes the work back: what has begun is waited for, as a lane may be reading the call's memory. An interrupt is kept for later. */
    final synchronized void drop() {
        if (state == State.QUEUED) {
            state = State.DROPPED;
        }
        boolean interrupted = false;
        while (state == State.RUNNING) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
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
