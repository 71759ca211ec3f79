package dev.kinema.golden;

/**
 * A computation whose results are known.
 *
 * @param name begins with {@link #SMALL}, or with {@link #FULL_SIZE} where it takes the emulator minutes
 * @param file its numbers, or the largest part of them, as {@link GoldenFile} names them: without it the case is left out
 */
public record GoldenCase(String name, String file, Check check) {
    public static final String SMALL = "small, ";
    public static final String FULL_SIZE = "full size, ";

    /** Computes, and throws an AssertionError where a result is further off than the device's arithmetic explains. */
    @FunctionalInterface
    public interface Check {
        void on(GoldenDevice device);
    }
}
