package dev.kinema.video;

import java.nio.ByteBuffer;

/** Goes from frame to frame by time, and turns those that are asked for into RGB pictures. To be used by one thread at a time. */
public interface FrameWalk extends AutoCloseable {
    /** Width of the pictures in pixels. */
    int width();

    /** Height of the pictures in pixels. */
    int height();

    /** Bytes of one picture: height x width x 3. */
    default int pictureBytes() {
        return Math.multiplyExact(Math.multiplyExact(width(), height()), 3);
    }

    /**
     * Goes to a time: {@link #next()} will deliver the frame shown at {@code seconds}, which is the last that appears at or before it; the
     * first frame where none does; the last frame after the end.
     */
    void seek(double seconds);

    /**
     * Says at which times pictures will be taken. A frame that is shown at none of them may then be left out, which saves decoding it: the
     * frame before it seems to be shown until the one after it appears. All others are what they were, but beside one that is lost. Only
     * wanted times are to be sought
     * from then on.
     */
    default void limitTo(Wanted times) {
    }

    /** Goes to the next frame; false after the last one. */
    boolean next();

    /** Time at which the current frame appears, in seconds. */
    double time();

    /** Time at which the next frame takes over; for the last frame, the end. */
    double shownUntil();

    /** Seconds from frame to frame at the average rate. */
    double step();

    /** Seconds by less than which times may differ and still count as one. */
    double tolerance();

    /** Whether the current frame is the last one. */
    boolean isLast();

    /**
     * Converts the current frame to u8 RGB [height, width, 3].
     *
     * @param target a buffer, whose position and limit do not matter
     * @param offset where the picture starts in it, in bytes
     */
    void copyTo(ByteBuffer target, int offset);

    @Override
    void close();
}
