package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Iterator;

/**
 * A film that its owner decodes: pictures with their times. Nothing of FFmpeg is needed for it.
 *
 * @param film what to call it in errors and results; there need not be such a file
 * @param width of every picture in pixels
 * @param height of every picture in pixels
 * @param rate frames per second on average: how long the last picture is shown
 * @param frames in the order of time. Taken one by one, in the thread that cuts the clips, which may wait in the iterator; a buffer may be
 *     used again as soon as the next frame is asked for
 */
public record GivenFilm(Path film, int width, int height, double rate, Iterable<Frame> frames) {
    /**
     * A picture.
     *
     * @param pixels u8 RGB [height, width, 3] between position and limit
     * @param time seconds from the film's start at which it appears
     */
    public record Frame(ByteBuffer pixels, double time) {
    }

    /** Checks the sizes and the rate. */
    public GivenFilm {
        if (width < 1 || height < 1 || (long) width * height * 3 > Integer.MAX_VALUE || !(rate > 0) || Double.isInfinite(rate)) {
            throw new KinemaException("pictures of " + width + "x" + height + " pixels at " + rate + " frames per second for '" + film
                + "': sides and rate must be above 0, and a picture below 2 GiB");
        }
    }

    /** Pictures of a constant rate, the first at time 0. */
    public static GivenFilm of(Path film, int width, int height, double rate, Iterable<ByteBuffer> pictures) {
        return new GivenFilm(film, width, height, rate, () -> timed(pictures.iterator(), rate));
    }

    private static Iterator<Frame> timed(Iterator<ByteBuffer> pictures, double rate) {
        return new Iterator<>() {
            private long next;

            @Override
            public boolean hasNext() {
                return pictures.hasNext();
            }

            @Override
            public Frame next() {
                return new Frame(pictures.next(), next++ / rate);
            }
        };
    }

    /** Bytes of a picture. */
    public int pictureBytes() {
        return width * height * 3;
    }

    /** Cuts its clips by a plan. */
    public ClipReader clips(ClipPlan plan) {
        return new ClipReader(film, new GivenFrames(this, plan.framing()), plan);
    }
}
