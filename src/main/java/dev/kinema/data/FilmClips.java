package dev.kinema.data;

import dev.kinema.KinemaException;
import dev.kinema.video.Footage;
import dev.kinema.video.FrameWalk;
import dev.kinema.video.Framing;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;

/**
 * The clips of one film, all from one pass over it: pictures are read in order of time, whichever clips they belong to, and a frame
 * that several want is converted once. To be used by one thread at a time.
 */
final class FilmClips implements AutoCloseable {
    /**
     * Where only the length of the longest stream is known, as {@link dev.kinema.video.Damage#missingSeconds()} has it: sound goes on after
     * the last picture.
     */
    private static final double TRUSTED_SECONDS = 1;
    /** The same of a long film: so small a share of clips without motion does no harm. */
    private static final double TRUSTED_SHARE = 0.05;
    /** Of a short film, where a second is much. */
    private static final double LARGEST_SHARE = 0.25;

    /** A picture that is wanted. */
    private record Want(double time, int clip, int frame) {
    }

    private final Footage film;
    private final FilmTiming timing;
    private FrameWalk frames;
    private long converted;

    private FilmClips(Footage film) {
        this.film = film;
        double rate = film.frameRate();
        double seconds = film.seconds();
        // a film whose packets have no times still has a frame, or decoding will say that it has none
        timing = new FilmTiming(Math.max(seconds, 1 / rate), rate);
    }

    /**
     * Opens a film, or a folder of its frames.
     *
     * @throws KinemaException as {@link Footage#open(Path)}
     */
    static FilmClips open(Path path) {
        Footage film = Footage.open(path);
        try {
            return new FilmClips(film);
        } catch (RuntimeException | Error e) {
            film.close();
            throw e;
        }
    }

    /** How long the film lasts: as its container says, or by its packets where it does not. */
    FilmTiming timing() {
        return timing;
    }

    /**
     * Reads clips as u8 RGB [frames, height, width, 3], from the first byte of a buffer each. A time after the last frame gives the
     * last frame, but only as far as a container may err about its length: a second or 5 % of what it says, whichever is more, at most a
     * quarter, and one frame more. A film that ends earlier was cut off or says a wrong length, and would give clips of one picture.
     *
     * @param times seconds, [clips][frames]
     * @param buffers one for each clip; one that is too small is replaced by a new one
     * @throws KinemaException where the film has no frame, ends well before a picture that is wanted, or its clips do not fit into a buffer
     * @throws InterruptedException if this thread is interrupted meanwhile
     */
    void read(double[][] times, Framing framing, ByteBuffer[] buffers) throws InterruptedException {
        frames = film.frames(framing);
        Want[] wants = inOrder(times);
        // a folder of frames learns its pictures' size from the first one wanted
        frames.seek(wants[0].time);
        int bytes = frames.pictureBytes();
        for (int clip = 0; clip < times.length; clip++) {
            buffers[clip] = ofAtLeast(clipBytes(times[clip].length), buffers[clip]);
        }
        Want shown = null;
        double shownTime = 0;
        for (Want want : wants) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            frames.seek(want.time);
            if (!frames.next()) {
                throw new KinemaException("no frame of '" + film.path() + "' is shown at " + want.time
                    + " s: copy the film again from its source");
            }
            checkEnd(want);
            if (shown != null && frames.time() == shownTime) {
                buffers[want.clip].put(want.frame * bytes, buffers[shown.clip], shown.frame * bytes, bytes);
            } else {
                frames.copyTo(buffers[want.clip], want.frame * bytes);
                converted++;
                shown = want;
                shownTime = frames.time();
            }
        }
    }

    private void checkEnd(Want want) {
        double seconds = timing.seconds();
        double trusted = Math.min(Math.max(TRUSTED_SECONDS, TRUSTED_SHARE * seconds), LARGEST_SHARE * seconds) + 1 / timing.frameRate();
        boolean tooShort = frames.isLast() && want.time > frames.shownUntil() + trusted;
        if (tooShort && frames.shownUntil() > seconds - 1 / timing.frameRate()) {
            throw new KinemaException(String.format(Locale.ROOT, "'%s' lasts %.3f s, and a picture at %.3f s is wanted: get the whole film,"
                + " or leave it out", film.path(), seconds, want.time));
        }
        if (tooShort) {
            throw new KinemaException(String.format(Locale.ROOT, "'%s' should last %.3f s, but can be decoded up to %.3f s only (damage: %s),"
                + " and a picture at %.3f s is wanted: copy the film again from its source, or write its container anew if nothing but the"
                + " length is wrong", film.path(), seconds, frames.shownUntil(), film.damage().describe(), want.time));
        }
    }

    private int clipBytes(int pictures) {
        long bytes = (long) pictures * frames.pictureBytes();
        if (bytes > Integer.MAX_VALUE) {
            throw new KinemaException("a clip of " + pictures + " pictures of " + width() + "x" + height() + " from '" + film.path()
                + "' is larger than 2 GiB: have the film scaled (a short side above 0), or take fewer pictures");
        }
        return (int) bytes;
    }

    private static ByteBuffer ofAtLeast(int bytes, ByteBuffer buffer) {
        return buffer != null && buffer.capacity() >= bytes ? buffer : ByteBuffer.allocateDirect(bytes);
    }

    private static Want[] inOrder(double[][] times) {
        Want[] wants = new Want[Arrays.stream(times).mapToInt(clip -> clip.length).sum()];
        int n = 0;
        for (int clip = 0; clip < times.length; clip++) {
            for (int frame = 0; frame < times[clip].length; frame++) {
                wants[n++] = new Want(times[clip][frame], clip, frame);
            }
        }
        Arrays.sort(wants, Comparator.comparingDouble(Want::time));
        return wants;
    }

    /** Width of the pictures read last, in pixels. */
    int width() {
        return frames.width();
    }

    /** Height of the pictures read last, in pixels. */
    int height() {
        return frames.height();
    }

    /** Whether something was wrong with the film as far as it has been read. */
    boolean isDamaged() {
        return !film.damage().isNone();
    }

    /** Frames decoded so far. */
    long framesDecoded() {
        return film.framesDecoded();
    }

    /** Pictures converted so far. */
    long picturesConverted() {
        return converted;
    }

    @Override
    public void close() {
        film.close();
    }
}
