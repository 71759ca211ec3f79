package dev.kinema.example;

import dev.kinema.embed.EncodingStoppedException;
import java.util.Locale;

/** How a request ended, with the HTTP status that says so where nothing has been sent yet. */
enum Outcome {
    DONE(200),
    /** What was sent is no film that can be encoded. */
    BROKEN(422),
    /** The request is none that the service answers. */
    REFUSED(400),
    OVERSIZED(413),
    BUSY(503),
    DEADLINE(504),
    /** The client went away. */
    GONE(499),
    /** The client neither sent nor took anything for too long, and was cut off. */
    STALLED(408),
    /** The service is being closed. */
    STOPPED(503),
    /** The service could not keep the film: its disk is full, or its folder is gone. */
    STORAGE(507),
    /** The service's own fault; its log says which. */
    FAILED(500);

    final int status;

    Outcome(int status) {
        this.status = status;
    }

    static Outcome of(EncodingStoppedException stopped) {
        return switch (stopped.reason()) {
            case BUSY -> BUSY;
            case DEADLINE -> DEADLINE;
            case CANCELLED, INTERRUPTED, CLOSED -> STOPPED;
        };
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
