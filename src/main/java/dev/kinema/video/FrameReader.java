package dev.kinema.video;

import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_unref;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import org.bytedeco.ffmpeg.avutil.AVFrame;

/**
 * Walks over the frames of a film in the order they are shown, and turns those that are asked for into RGB pictures.
 *
 * <p>It holds two decoded frames whatever the film's length: the one it stands on and the one after it, whose time says
 * how long the first is shown. Times are seconds from the start of the video stream. To be used by one thread at a time.
 */
public final class FrameReader implements FrameWalk {
    /** Seeking back by this many seconds more each time a container's key frame turned out to be none, or too late. */
    private static final double FIRST_RETREAT = 1;
    private static final double RETREAT_GROWTH = 4;
    /** Frames this near are reached by decoding on; key frames are seldom closer. More where they turned out to be far. */
    private static final double WALK_SECONDS = 1;

    private final VideoFile film;
    private final PictureConverter converter;
    private AVFrame current = Ffmpeg.allocated(av_frame_alloc());
    private AVFrame ahead = Ffmpeg.allocated(av_frame_alloc());
    private Decoder decoder;
    private Wanted wanted = Wanted.ALWAYS;
    private double time;
    private double until;
    private boolean aheadHeld;
    private boolean started;
    private boolean hasCurrent;
    private boolean positioned;
    private double walkSeconds = WALK_SECONDS;
    private boolean closed;

    FrameReader(VideoFile film, Decoder decoder, Framing framing) {
        this.film = film;
        this.decoder = decoder;
        this.converter = new PictureConverter(film.path(), framing, film.orientation(), film.width(), film.height());
    }

    @Override
    public int width() {
        return converter.width();
    }

    @Override
    public int height() {
        return converter.height();
    }

    /**
     * Goes to the next frame; false after the last one.
     *
     * @throws KinemaException where the film turns out to hold no frame at all
     */
    @Override
    public boolean next() {
        checkOpen();
        if (positioned) {
            positioned = false;
            return true;
        }
        if (!started) {
            started = true;
            aheadHeld = decoder.next(ahead);
            if (!aheadHeld) {
                throw new KinemaException("no frame of '" + film.path() + "' could be decoded (codec '" + film.codec()
                        + "', damage: " + film.damage().describe() + "): copy the film again from its source");
            }
        }
        if (!aheadHeld) {
            return false;
        }
        time = decoder.time();
        hasCurrent = true;
        advance();
        return true;
    }

    /** Moves the frame ahead to the current place and decodes its successor. */
    private void advance() {
        AVFrame swapped = current;
        current = ahead;
        ahead = swapped;
        av_frame_unref(ahead);
        aheadHeld = decoder.next(ahead);
        until = aheadHeld ? decoder.time() : time + decoder.duration(current);
    }

    @Override
    public double time() {
        return time;
    }

    @Override
    public double shownUntil() {
        return until;
    }

    @Override
    public boolean isLast() {
        return !aheadHeld;
    }

    /** Whether the decoder met errors in the current frame, so that parts of its picture are guessed. */
    public boolean isDamaged() {
        return (current.flags() & Decoder.CORRUPT) != 0 || current.decode_error_flags() != 0;
    }

    @Override
    public void copyTo(ByteBuffer target, int offset) {
        checkOpen();
        if (!hasCurrent) {
            throw new IllegalStateException("there is no current frame: call next() first");
        }
        converter.convert(current, target, offset);
    }

    /** Half a tick of the container's clock, at most half a millisecond. */
    @Override
    public double tolerance() {
        return decoder.tolerance();
    }

    @Override
    public void limitTo(Wanted times) {
        wanted = times;
        decoder.limitTo(times);
    }

    @Override
    public double step() {
        return decoder.step();
    }

    /**
     * Goes to a time: {@link #next()} will deliver the frame shown at {@code seconds} (the last that appears at or before
     * it; the first frame where none does; the last frame after the end). The frames are the same that reading from the
     * start delivers: decoding starts at a key frame before, and at the film's start where there is none.
     */
    @Override
    public void seek(double seconds) {
        checkOpen();
        double wanted = seconds + tolerance();
        boolean forward = started && hasCurrent && wanted >= time;
        boolean near = forward && (wanted < until + walkSeconds || !decoder.canSeek());
        if (!near) {
            double left = time;
            boolean landed = landBefore(wanted);
            if (!landed) {
                restart();
            }
            if (forward && (!landed || decoder.time() <= left)) {
                // walking on would have been shorter: without this, key frames far apart would be decoded from for each clip
                walkSeconds = 2 * (wanted - left);
            }
        }
        positioned = false;
        if (!near && !next()) {
            return;
        }
        while (until <= wanted && aheadHeld) {
            time = until;
            advance();
        }
        positioned = true;
    }

    /** Puts a clean key frame that is shown at or before {@code wanted} ahead; false where only the start will do. */
    private boolean landBefore(double wanted) {
        double retreat = 0;
        while (wanted - retreat > 0) {
            if (!decoder.seek(wanted - retreat)) {
                return false;
            }
            started = true;
            do {
                av_frame_unref(ahead);
                aheadHeld = decoder.next(ahead);
            } while (aheadHeld && !Decoder.isCleanKey(ahead) && decoder.time() <= wanted);
            if (aheadHeld && decoder.time() <= wanted) {
                return true;
            }
            retreat = Math.max(FIRST_RETREAT, retreat * RETREAT_GROWTH);
        }
        return false;
    }

    private void restart() {
        decoder = film.reopen(decoder);
        decoder.limitTo(wanted);
        av_frame_unref(current);
        av_frame_unref(ahead);
        aheadHeld = false;
        started = false;
        hasCurrent = false;
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("this reader of '" + film.path()
                    + "' is closed: ask the film for a new one (it has one reader at a time)");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            converter.close();
            av_frame_free(current);
            av_frame_free(ahead);
        }
    }
}
