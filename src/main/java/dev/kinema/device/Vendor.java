package dev.kinema.device;

/**
 * Whether a device lets libraries of its vendor do what its own kernels do as well. They round differently, and {@link #AUTO} may choose
 * differently from run to run: only {@link #NEVER} gives the same bits each time.
 */
public enum Vendor {
    /** Our own kernels. */
    NEVER,
    /** Whichever is faster: both are timed, once per shape, and the device remembers. Where the libraries are missing, our own. */
    AUTO,
    /** The vendor's libraries for all that they could do; a shape that they refuse is an error. For comparisons. */
    ALWAYS
}
