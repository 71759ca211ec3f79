package dev.kinema.embed;

import dev.kinema.KinemaException;

/** A film cannot be encoded for what it is: missing, no film, not to be decoded, or shorter than a clip. Others may go well. */
public final class FilmException extends KinemaException {
    private static final long serialVersionUID = 1L;

    /** @param cause what its decoder threw */
    FilmException(KinemaException cause) {
        super(cause.getMessage(), cause);
    }
}
