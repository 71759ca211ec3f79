package dev.kinema.video;

import dev.kinema.KinemaException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;

/**
 * Cuts a film's clips in the order of time, reading the film once.
 *
 * <p>A frame is turned into a picture only if some clip wants it, and once however many clips share it; one that no clip wants is not
 * even decoded, where no other frame of the film refers to it. Held in memory are
 * the pictures of the clips that overlap at one time, never more than the film's frames in {@code span + hop} seconds: a
 * two-hour film takes no more than a short one. To be used by one thread at a time.
 */
public final class ClipReader implements AutoCloseable {
    /** Where clips lie further apart than this many seconds, the film between them is jumped over. */
    private static final double JUMP_SECONDS = 10;

    /**
     * A picture of a frame, and in how many places of open clips it is wanted. On Java's heap: a direct buffer is given back when garbage
     * is collected, and the pictures of all films read since the last time would lie in native memory, between blocks of FFmpeg's.
     */
    private static final class Picture {
        final ByteBuffer pixels;
        double time;
        int wanted;

        Picture(int bytes) {
            pixels = ByteBuffer.allocate(bytes);
        }
    }

    /** A clip that is being filled. */
    private static final class OpenClip {
        final long index;
        final Picture[] pictures;
        int filled;

        OpenClip(long index, int frames) {
            this.index = index;
            pictures = new Picture[frames];
        }

        boolean isFull() {
            return filled == pictures.length;
        }
    }

    private final Path film;
    private final ClipPlan plan;
    private final FrameWalk frames;
    private final Deque<OpenClip> open = new ArrayDeque<>();
    private final Deque<Picture> spare = new ArrayDeque<>();
    private final double[] times;
    private long nextToOpen;
    private long index = -1;
    private long converted;
    private boolean ended;

    /**
     * @param film what to name in errors
     * @param frames to be closed with the reader
     */
    ClipReader(Path film, FrameWalk frames, ClipPlan plan) {
        this.film = film;
        this.plan = plan;
        this.frames = frames;
        times = new double[plan.frames()];
        frames.limitTo(plan::takesPictureWithin);
        if (plan.start() > 0) {
            frames.seek(plan.start());
        }
    }

    /** The plan by which clips are cut. */
    public ClipPlan plan() {
        return plan;
    }

    /** Width of the pictures in pixels. */
    public int width() {
        return frames.width();
    }

    /** Height of the pictures in pixels. */
    public int height() {
        return frames.height();
    }

    /** Bytes of one clip: frames x height x width x 3. */
    public int clipBytes() {
        return Math.multiplyExact(plan.frames(), frames.pictureBytes());
    }

    /** Index of the clip delivered last, -1 before the first. */
    public long index() {
        return index;
    }

    /** Presentation time in seconds of the frame that picture {@code i} of the clip delivered last was taken from. */
    public double frameTime(int i) {
        return times[i];
    }

    /** Pictures made so far; never more than frames decoded. */
    public long picturesConverted() {
        return converted;
    }

    /**
     * Goes to clip {@code k}: the next call of {@link #next} delivers it, with the same pictures that reading from the
     * start delivers.
     */
    public void seek(long k) {
        if (k < 0) {
            throw new IllegalArgumentException("clip " + k + ": clips are counted from 0");
        }
        while (!open.isEmpty()) {
            drop(open.removeFirst());
        }
        nextToOpen = k;
        ended = false;
        frames.seek(plan.clipStart(k));
    }

    /**
     * Reads the next clip as u8 RGB [frames, height, width, 3].
     *
     * @param target a buffer, whose position and limit do not matter
     * @param offset where the clip starts in it, in bytes
     * @return false after the last clip
     * @throws KinemaException where the film is shorter than a clip and the plan does not pad
     */
    public boolean next(ByteBuffer target, int offset) {
        while (!isReady()) {
            if (ended) {
                return false;
            }
            step();
        }
        OpenClip clip = open.removeFirst();
        index = clip.index;
        int bytes = frames.pictureBytes();
        for (int i = 0; i < times.length; i++) {
            target.put(offset + i * bytes, clip.pictures[i].pixels, 0, bytes);
            times[i] = clip.pictures[i].time;
        }
        drop(clip);
        return true;
    }

    private boolean isReady() {
        OpenClip first = open.peekFirst();
        return first != null && first.isFull()
                && (ended || frames.shownUntil() >= plan.needs(first.index) - frames.tolerance());
    }

    /** Reads one frame and hands it to the clips that want it. */
    private void step() {
        boolean idle = nextToOpen > 0 && (open.isEmpty() || open.peekLast().isFull());
        if (idle && plan.clipStart(nextToOpen) - frames.shownUntil() > JUMP_SECONDS) {
            // a full clip waits for nothing but the proof that the film lasts to the start of the next
            frames.seek(plan.clipStart(nextToOpen));
        }
        if (!frames.next()) {
            ended = true;
            return;
        }
        if (frames.isLast()) {
            finish();
            return;
        }
        double limit = frames.shownUntil() - frames.tolerance();
        while (plan.clipStart(nextToOpen) < limit) {
            open.addLast(new OpenClip(nextToOpen++, plan.frames()));
        }
        Picture picture = null;
        for (OpenClip clip : open) {
            while (!clip.isFull() && plan.pictureTime(clip.index, clip.filled) < limit) {
                picture = picture == null ? convert() : picture;
                place(picture, clip);
            }
        }
    }

    /** The film's last frame: decides which clips the film has, and fills their ends with it. */
    private void finish() {
        ended = true;
        double end = frames.shownUntil();
        // the duration of the last frame is often a guess
        double slack = frames.step() / 2;
        checkLongEnough(end + slack, end);
        while (open.isEmpty() && nextToOpen == 0 || plan.needs(nextToOpen) <= end + slack && nextToOpen > 0) {
            open.addLast(new OpenClip(nextToOpen++, plan.frames()));
        }
        while (!open.isEmpty() && plan.needs(open.peekLast().index) > end + slack) {
            drop(open.removeLast());
        }
        Picture picture = null;
        for (OpenClip clip : open) {
            while (!clip.isFull()) {
                picture = picture == null ? convert() : picture;
                place(picture, clip);
            }
        }
    }

    private void checkLongEnough(double generousEnd, double end) {
        boolean first = open.isEmpty() ? nextToOpen == 0 : open.peekFirst().index == 0;
        if (first && plan.start() >= generousEnd) {
            throw new KinemaException(String.format(Locale.ROOT,
                    "the film '%s' lasts %.3f s, but its first clip is to start at %.3f s: start earlier",
                    film, end, plan.start()));
        }
        if (first && plan.needs(0) > generousEnd) {
            throw new KinemaException(String.format(Locale.ROOT,
                    "the film '%s' lasts %.3f s%s, but a clip's last picture is at %.3f s (%d frames every %.4f s): use a longer film, or "
                    + "have its last frame repeated (padShort, --pad-short)", film, end,
                    plan.start() > 0 ? String.format(Locale.ROOT, " (%.3f s from the start asked for)", end - plan.start())
                            : "", plan.reach(), plan.frames(), plan.interval()));
        }
    }

    private Picture convert() {
        Picture picture = spare.isEmpty() ? new Picture(frames.pictureBytes()) : spare.removeFirst();
        frames.copyTo(picture.pixels, 0);
        picture.time = frames.time();
        picture.wanted = 0;
        converted++;
        return picture;
    }

    private static void place(Picture picture, OpenClip clip) {
        clip.pictures[clip.filled++] = picture;
        picture.wanted++;
    }

    private void drop(OpenClip clip) {
        for (int i = 0; i < clip.filled; i++) {
            if (--clip.pictures[i].wanted == 0) {
                spare.addLast(clip.pictures[i]);
            }
        }
    }

    /** Closes the reader, not the film. */
    @Override
    public void close() {
        frames.close();
    }
}
