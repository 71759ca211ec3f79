package dev.kinema;

/**
 * The one exception family of Kinema: a sentence that names the offending value and the remedy.
 *
 * <p>It is unchecked. Whoever catches it shows {@link #getMessage()} to a person; the cause, where there is one, is for
 * {@code --verbose}.
 */
public class KinemaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message what is wrong, with the value, and what to do about it */
    public KinemaException(String message) {
        super(message);
    }

    /** @param message what is wrong, with the value, and what to do about it; {@code cause} says where it came from */
    public KinemaException(String message, Throwable cause) {
        super(message, cause);
    }
}
