package dev.kinema.data;

import dev.kinema.device.HostArray;
import java.nio.FloatBuffer;

/**
 * The features of a film, as read from a store.
 *
 * @param features F32 [T, width], one row per clip
 * @param starts F64 [T], seconds into the film at which each clip starts
 */
public record StoredFeatures(FeatureEntry entry, HostArray features, HostArray starts) {
    /** Rows, T. */
    public int clips() {
        return features.shape().dim(0);
    }

    /** Length of a feature. */
    public int width() {
        return features.shape().dim(1);
    }

    /** Seconds into the film at which clip {@code k} starts. */
    public double start(int k) {
        return starts.get(k);
    }

    /**
     * How many windows fit into a film: their first rows are 0 to this, exclusive.
     *
     * @param clips rows of the film
     * @param stride rows from token to token, as {@link FeatureHeader#rows} tells
     * @param count tokens of a window
     * @return 0 where the film is too short for one
     */
    public static int windows(int clips, int stride, int count) {
        requireWindow(stride, count);
        return (int) Math.max(0, clips - (count - 1L) * stride);
    }

    /**
     * Copies the rows {@code first}, {@code first + stride}, ..., {@code count} of them.
     *
     * @param into gets [count, width] from {@code offset} on
     */
    public void window(int first, int stride, int count, float[] into, int offset) {
        if (first < 0 || first >= windows(clips(), stride, count)) {
            throw new IllegalArgumentException("a window of " + count + " rows, " + stride + " apart, from row " + first + " of "
                + clips());
        }
        FloatBuffer rows = features.buffer().asFloatBuffer();
        for (int i = 0; i < count; i++) {
            rows.position((first + i * stride) * width()).get(into, offset + i * width(), width());
        }
    }

    private static void requireWindow(int stride, int count) {
        if (stride < 1 || count < 1) {
            throw new IllegalArgumentException("a window of " + count + " rows, " + stride + " apart: both must be 1 or more");
        }
    }
}
