package dev.kinema.embed;

import dev.kinema.KinemaException;

/** A call of a {@link MovieEncoder} ended early for a reason that lies neither in the film nor in the weights. */
public final class EncodingStoppedException extends KinemaException {
    private static final long serialVersionUID = 1L;

    /** Why. */
    public enum Reason {
        /** More calls waited than may, or this one waited longer than it may. */
        BUSY,
        /** {@link Cancellation#cancel} was called. */
        CANCELLED,
        /** Time was over. */
        DEADLINE,
        /** The calling thread was interrupted; its interrupt status is kept. */
        INTERRUPTED,
        /** The encoder was closed. */
        CLOSED
    }

    private final Reason reason;

    EncodingStoppedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Why it ended. */
    public Reason reason() {
        return reason;
    }
}
