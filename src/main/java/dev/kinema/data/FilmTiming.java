package dev.kinema.data;

/**
 * What is known of a film before it is decoded.
 *
 * @param seconds how long it lasts
 * @param frameRate its frames per second, on average
 */
public record FilmTiming(double seconds, double frameRate) {
    /** Checks the numbers. */
    public FilmTiming {
        if (!(seconds > 0) || !(frameRate > 0) || Double.isInfinite(seconds) || Double.isInfinite(frameRate)) {
            throw new IllegalArgumentException("a film of " + seconds + " s at " + frameRate + " fps: both must be above 0 and finite");
        }
    }

    /** Its length in frames, 1 or more: seconds times frame rate, rounded. */
    public long length() {
        return Math.max(1, Math.round(seconds * frameRate));
    }
}
