package dev.kinema.data;

/**
 * A place between two batches of a {@link ClipLoader}.
 *
 * @param epoch number of the epoch, from 0
 * @param consumed entries of the epoch's order of films that are used up, those of failed films included; above the number of films
 *     where an epoch's last step went round to the order's start
 */
public record LoaderPosition(long epoch, long consumed) {
    /** Before the first batch. */
    public static final LoaderPosition START = new LoaderPosition(0, 0);

    /** Checks the numbers. */
    public LoaderPosition {
        if (epoch < 0 || consumed < 0) {
            throw new IllegalArgumentException("epoch " + epoch + ", entry " + consumed + ": both are counted from 0");
        }
    }
}
