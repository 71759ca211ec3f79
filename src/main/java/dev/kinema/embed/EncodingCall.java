package dev.kinema.embed;

import dev.kinema.embed.EncodingStoppedException.Reason;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A call of an encoder from the moment it is made: what may end it early, and how to wake it where it waits. */
final class EncodingCall implements AutoCloseable {
    private static final Runnable NOBODY = () -> {
    };

    /** What is encoded, in words. */
    private final String what;
    private final Cancellation asked;
    private final Cancellation deadline;
    private final BooleanSupplier closing;
    private final Runnable watcher = this::wake;
    private volatile Runnable waiting = NOBODY;

    /** @param closing whether the encoder is being closed */
    EncodingCall(String what, Cancellation asked, ServingConfig serving, BooleanSupplier closing) {
        this.what = what;
        this.asked = asked;
        this.deadline = serving.deadline().map(Cancellation::after).orElseGet(Cancellation::onRequest);
        this.closing = closing;
        asked.watch(watcher);
    }

    /** Sets how the thread of this call is woken from now on: it then has to {@link #check}. */
    void wakenBy(Runnable how) {
        waiting = how;
    }

    void wakenByNobody() {
        waiting = NOBODY;
    }

    void wake() {
        waiting.run();
    }

    /** Nanoseconds that it may still take. */
    long remaining() {
        return Math.max(0, Math.min(asked.remaining(), deadline.remaining()));
    }

    /** @throws EncodingStoppedException if the call is to end, in its thread */
    void check() {
        if (Thread.currentThread().isInterrupted()) {
            throw stopped(Reason.INTERRUPTED);
        }
        Optional<Reason> reason = Optional.empty();
        if (closing.getAsBoolean()) {
            reason = Optional.of(Reason.CLOSED);
        } else if (asked.isCancelled()) {
            reason = Optional.of(Reason.CANCELLED);
        } else if (remaining() == 0) {
            reason = Optional.of(Reason.DEADLINE);
        }
        reason.ifPresent(why -> {
            throw stopped(why);
        });
    }

    /** The error of a call whose wait was interrupted. */
    EncodingStoppedException interrupted() {
        Thread.currentThread().interrupt();
        return stopped(Reason.INTERRUPTED);
    }

    EncodingStoppedException stopped(Reason reason) {
        return new EncodingStoppedException(reason, switch (reason) {
            case BUSY -> "the encoder is busy and has no place for " + what + ": try again later, or let more calls wait (waiting, patience)";
            case CANCELLED -> "encoding " + what + " was cancelled: encode it again";
            case DEADLINE -> "encoding " + what + " took longer than its deadline: give it more time, or a shorter film";
            case INTERRUPTED -> "encoding " + what + " was interrupted: encode it again";
            case CLOSED -> "the encoder was closed while it encoded " + what + ": close it when it is done";
        });
    }

    @Override
    public void close() {
        asked.forget(watcher);
    }
}
