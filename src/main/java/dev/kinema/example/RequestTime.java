package dev.kinema.example;

import java.time.Duration;
import java.util.Optional;

/**
 * The time of one request, from its first byte to its last, and of its client, who is waited for while it sends and while it reads. Who
 * takes too long is cut off: the request's thread is interrupted, and an interrupt closes the connection that the thread reads
 * from or writes to.
 */
final class RequestTime {
    private static final long NOBODY = Long.MIN_VALUE;

    private final long begun = System.nanoTime();
    private Thread thread;
    private long patience;
    private long limit = Long.MAX_VALUE;
    private long grace;
    /** When the client was last heard of; {@link #NOBODY} while it is not waited for. */
    private long waitingSince = begun;
    private boolean ended;
    private Outcome cut;

    /** @param patience nanoseconds that the client may be waited for, from now on */
    RequestTime(long patience) {
        this.patience = patience;
    }

    /** In the thread that answers, before anything is read. */
    synchronized void start() {
        thread = Thread.currentThread();
        waitingSince = System.nanoTime();
    }

    /** In the same thread, after the last byte. Whoever has the thread next sees no interrupt of this request's. */
    synchronized void end() {
        ended = true;
        Thread.interrupted();
    }

    /**
     * The request is to be worked on: its client may take long, but not for ever.
     *
     * @param stall how long it may be waited for at a time
     * @param deadline of the whole request
     * @param more time after that, in which it can still be told so
     */
    synchronized void allow(Duration stall, Duration deadline, Duration more) {
        patience = nanos(stall);
        limit = nanos(deadline);
        grace = nanos(more);
        waitingSince = NOBODY;
    }

    /** Three centuries where it is more. */
    private static long nanos(Duration time) {
        return time.compareTo(Duration.ofNanos(Long.MAX_VALUE)) >= 0 ? Long.MAX_VALUE : time.toNanos();
    }

    /** The client is waited for from now on, by reading from it or writing to it. */
    synchronized void waiting() {
        waitingSince = System.nanoTime();
    }

    /** It has sent or taken something. */
    synchronized void moved() {
        waitingSince = NOBODY;
    }

    /** Lets the client be waited for no longer than this. */
    synchronized void hurry(long nanos) {
        patience = Math.min(patience, nanos);
    }

    /** Nanoseconds since the first byte. */
    long taken() {
        return System.nanoTime() - begun;
    }

    /** Until the deadline; a nanosecond where it is over. */
    synchronized Duration left() {
        return Duration.ofNanos(Math.max(1, limit - taken()));
    }

    synchronized boolean isOver() {
        return taken() >= limit;
    }

    /** How the request ended, where it was cut off. */
    synchronized Optional<Outcome> cut() {
        return Optional.ofNullable(cut);
    }

    /** Cuts off who takes too long; called often, from a thread of its own. */
    synchronized void look() {
        if (ended || thread == null || cut != null) {
            return;
        }
        if (waitingSince != NOBODY && System.nanoTime() - waitingSince >= patience) {
            cut = isOver() ? Outcome.DEADLINE : Outcome.STALLED;
        } else if (limit != Long.MAX_VALUE && taken() - grace >= limit) {
            cut = Outcome.DEADLINE;
        }
        if (cut != null) {
            thread.interrupt();
        }
    }
}
