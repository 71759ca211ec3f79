package dev.kinema.bench;

/** How large the work of a case is. */
public enum Size {
    /** As small as shows that it works: what cases are checked at, and what the tests run. */
    SMALLEST,
    /** What is worth timing. */
    FULL
}
