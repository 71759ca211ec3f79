package dev.kinema.embed;

import dev.kinema.KinemaException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A handle on calls of a {@link MovieEncoder}: any thread may end them with it, and so may time. One that has ended a call ends every
 * further call that it is given to: make one for each piece of work.
 */
public final class Cancellation {
    private final long made = System.nanoTime();
    private final long limit;
    private final List<Runnable> watchers = new CopyOnWriteArrayList<>();
    private volatile boolean cancelled;

    private Cancellation(long limit) {
        this.limit = limit;
    }

    /** Ends calls when {@link #cancel} is called. */
    public static Cancellation onRequest() {
        return new Cancellation(Long.MAX_VALUE);
    }

    /**
     * Ends calls when {@link #cancel} is called, and when so much time has passed from now on.
     *
     * @throws KinemaException if the limit is not above 0
     */
    public static Cancellation after(Duration limit) {
        return new Cancellation(ServingConfig.nanos("a deadline", limit));
    }

    /** Ends the calls that it was given to, which throw {@link EncodingStoppedException}. Returns at once; a second time does nothing. */
    public void cancel() {
        cancelled = true;
        watchers.forEach(Runnable::run);
    }

    /** Whether {@link #cancel} was called. */
    public boolean isCancelled() {
        return cancelled;
    }

    /** Nanoseconds left, 0 or less when the time is over. */
    long remaining() {
        return limit == Long.MAX_VALUE ? Long.MAX_VALUE : limit - (System.nanoTime() - made);
    }

    void watch(Runnable watcher) {
        watchers.add(watcher);
    }

    void forget(Runnable watcher) {
        watchers.remove(watcher);
    }
}
