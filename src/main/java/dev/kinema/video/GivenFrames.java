package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * Walks over given pictures. Holds copies of two, on Java's heap as {@link ClipReader} does: the one it stands on, and the one after it,
 * whose time says how long that is shown.
 */
final class GivenFrames implements FrameWalk {
    /** Times that differ by less count as one: sums of intervals are off in their last digits. */
    private static final double TOLERANCE_SECONDS = 1e-6;

    private final GivenFilm film;
    private final int width;
    private final int height;
    private final Resampler resampler;
    private final byte[] bytes;
    private final FilmDecodeEvent event = new FilmDecodeEvent();
    private Iterator<GivenFilm.Frame> frames;
    private ByteBuffer current;
    private ByteBuffer ahead;
    private double time;
    private double aheadTime;
    private long taken;
    private boolean hasCurrent;
    private boolean hasAhead;
    private boolean positioned;
    private boolean closed;

    GivenFrames(GivenFilm film, Framing framing) {
        this.film = film;
        width = framing.output(film.width(), film.height());
        height = framing.output(film.height(), film.width());
        Taps columns = taps(framing, film.width(), film.height());
        resampler = new Resampler(taps(framing, film.height(), film.width()), columns, false);
        bytes = new byte[(columns.last() + 1) * 3];
        current = ByteBuffer.allocate(film.pictureBytes());
        ahead = ByteBuffer.allocate(film.pictureBytes());
        event.begin();
        restart();
    }

    private static Taps taps(Framing framing, int side, int other) {
        return Taps.of(side, framing.scaled(side, other), framing.offset(side, other), framing.output(side, other), false);
    }

    @Override
    public int width() {
        return width;
    }

    @Override
    public int height() {
        return height;
    }

    private void restart() {
        frames = film.frames().iterator();
        taken = 0;
        hasCurrent = false;
        hasAhead = false;
    }

    @Override
    public boolean next() {
        if (positioned) {
            positioned = false;
            return true;
        }
        if (!hasCurrent && !hasAhead) {
            take();
            if (!hasAhead) {
                throw new KinemaException("the film '" + film.film() + "' was given without a frame: give one or more");
            }
        }
        if (!hasAhead) {
            return false;
        }
        ByteBuffer swapped = current;
        current = ahead;
        ahead = swapped;
        time = aheadTime;
        hasCurrent = true;
        take();
        return true;
    }

    /** Copies the next frame, if there is one, to be the one ahead. */
    private void take() {
        long begun = System.nanoTime();
        hasAhead = frames.hasNext();
        GivenFilm.Frame frame = hasAhead ? frames.next() : null;
        event.decodeNanos += System.nanoTime() - begun;
        if (!hasAhead) {
            return;
        }
        if (frame.pixels().remaining() != film.pictureBytes()) {
            throw new KinemaException("frame " + taken + " of '" + film.film() + "' has " + frame.pixels().remaining() + " bytes, not the "
                + film.pictureBytes() + " of u8 RGB [" + film.height() + ", " + film.width() + ", 3]: give pictures of one size");
        }
        if (!Double.isFinite(frame.time()) || hasCurrent && frame.time() <= time) {
            throw new KinemaException("frame " + taken + " of '" + film.film() + "' is at " + frame.time() + " s"
                + (hasCurrent ? ", the one before at " + time + " s" : "") + ": give frames in the order of time");
        }
        ahead.put(0, frame.pixels(), frame.pixels().position(), film.pictureBytes());
        aheadTime = frame.time();
        taken++;
        event.frames++;
        event.bytes += film.pictureBytes();
    }

    @Override
    public void seek(double seconds) {
        double wanted = seconds + TOLERANCE_SECONDS;
        if (hasCurrent && time > wanted) {
            restart();
        }
        positioned = false;
        if (!hasCurrent) {
            next();
        }
        while (hasAhead && aheadTime <= wanted) {
            next();
        }
        positioned = true;
    }

    @Override
    public double time() {
        return time;
    }

    @Override
    public double shownUntil() {
        return hasAhead ? aheadTime : time + step();
    }

    @Override
    public double step() {
        return 1 / film.rate();
    }

    @Override
    public double tolerance() {
        return TOLERANCE_SECONDS;
    }

    @Override
    public boolean isLast() {
        return !hasAhead;
    }

    @Override
    public void copyTo(ByteBuffer target, int offset) {
        if (!hasCurrent) {
            throw new IllegalStateException("there is no current frame: call next() first");
        }
        resampler.run(this::readLine, target, offset);
    }

    private void readLine(int line, int[] places, int[] rgb) {
        current.get(line * film.width() * 3, bytes);
        for (int i = 0; i < rgb.length; i++) {
            int at = 3 * places[i];
            rgb[i] = bytes[at] & 0xff | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff) << 16;
        }
    }

    /** There is nothing to give back: the iterator is its owner's. */
    @Override
    public void close() {
        positioned = false;
        if (!closed) {
            closed = true;
            tell();
        }
    }

    private void tell() {
        event.end();
        if (event.shouldCommit()) {
            event.film = film.film().toString();
            event.codec = "rawvideo";
            event.format = "given";
            event.width = film.width();
            event.height = film.height();
            event.commit();
        }
    }
}
