package dev.kinema.video;

/**
 * Which clips are cut out of a film: by seconds, so that films of any and of varying frame rate are sampled alike.
 *
 * <p>Clip {@code k} starts at {@code start + k * hop}; its picture {@code i} is the frame shown at
 * {@code start + k * hop + i * interval}. A film has clip {@code k} if it lasts until that clip's last picture, at
 * {@code start + k * hop + (frames - 1) * interval}: no picture of a clip is made up. A film too short for its first clip is an error,
 * or with {@code padShort} gives that one clip, whose last pictures repeat the film's last frame, as PySlowFast clamps its indices.
 * Ends are compared to within half a frame.
 *
 * @param frames pictures per clip
 * @param interval seconds from picture to picture
 * @param hop seconds from clip to clip
 * @param start seconds into the film of the first clip
 * @param framing size of the pictures
 * @param padShort whether a film shorter than a clip gives one clip that ends in copies of its last frame
 */
public record ClipPlan(int frames, double interval, double hop, double start, Framing framing, boolean padShort) {
    /** Checks the numbers. */
    public ClipPlan {
        if (frames < 1 || !(interval > 0) || !(hop > 0) || !(start >= 0) || Double.isInfinite(interval + hop + start)) {
            throw new IllegalArgumentException("a clip of " + frames + " frames every " + interval + " s, hop " + hop
                    + " s, from " + start + " s: frames, interval and hop must be above 0, and start not below");
        }
    }

    /**
     * Clips of {@code frames} pictures, {@code stride} frames of a 30 fps film apart: 16 and 4 give the 16x4 clips of
     * 2.13 s that networks trained on Kinetics are written for.
     *
     * @param hop seconds from clip to clip
     * @param size side of the square pictures in pixels
     */
    public static ClipPlan of(int frames, int stride, double hop, int size) {
        return new ClipPlan(frames, stride / 30.0, hop, 0, Framing.square(size), false);
    }

    /** The same plan with or without padding of short films. */
    public ClipPlan withPadShort(boolean pad) {
        return new ClipPlan(frames, interval, hop, start, framing, pad);
    }

    /** The same plan beginning at another time. */
    public ClipPlan withStart(double seconds) {
        return new ClipPlan(frames, interval, hop, seconds, framing, padShort);
    }

    /** Seconds that a clip covers: every picture stands for one interval. */
    public double span() {
        return frames * interval;
    }

    /** Time in the film at which clip {@code k} starts, in seconds. */
    public double clipStart(long k) {
        return start + k * hop;
    }

    /** Time in the film of picture {@code i} of clip {@code k}, in seconds. */
    public double pictureTime(long k, int i) {
        return start + k * hop + i * interval;
    }

    /** Whether some clip's picture is at a time from {@code from} on and before {@code until}, as if the film never ended. */
    boolean takesPictureWithin(double from, double until) {
        long first = Math.max(0, (long) Math.floor((from - start - reach()) / hop));
        for (long k = first; clipStart(k) < until; k++) {
            long i = Math.max(0, (long) Math.floor((from - clipStart(k)) / interval));
            for (; i < frames && pictureTime(k, (int) i) < until; i++) {
                if (pictureTime(k, (int) i) >= from) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Seconds from a clip's first picture to its last. */
    public double reach() {
        return (frames - 1) * interval;
    }

    /** Time to which a film must last to have clip {@code k}, in seconds. */
    double needs(long k) {
        return k == 0 && padShort ? start : clipStart(k) + reach();
    }

    /** How many clips a film has that lasts {@code duration} seconds; 0 where it is too short. */
    public long clipsIn(double duration) {
        double room = duration - start - reach() + 1e-6;
        if (room >= 0 && duration > start) {
            return 1 + (long) Math.floor(room / hop);
        }
        return padShort && duration > start ? 1 : 0;
    }
}
