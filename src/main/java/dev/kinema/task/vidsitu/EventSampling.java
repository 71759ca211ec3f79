package dev.kinema.task.vidsitu;

/**
 * Which of a clip's 300 frames a network sees of an event, as the toolkit chooses them: a window around the event's centre frame, so long
 * that it may reach into its neighbours; at the clip's ends the first and last frames repeat.
 *
 * @param frames per event
 * @param stride frames from one to the next
 */
public record EventSampling(int frames, int stride) {
    /** 8x8: I3D, Slow, C2D. */
    public static final EventSampling I3D = new EventSampling(8, 8);
    /** 32x2: the fast path of SlowFast, whose slow path sees {@link #thinned 8 of them}. */
    public static final EventSampling SLOW_FAST = new EventSampling(32, 2);
    /** 16x4: Slow-D. */
    public static final EventSampling SLOW_D = new EventSampling(16, 4);

    /** Checks the numbers. */
    public EventSampling {
        if (frames < 1 || stride < 1 || (long) frames * stride > Clip.FRAMES || frames * stride % 2 != 0) {
            throw new IllegalArgumentException(frames + " frames, one in " + stride + ": both must be above 0, and their product even and "
                + Clip.FRAMES + " at most, as the window is centred");
        }
    }

    /** The frame, counted from 0, in the middle of an event, counted from 0: 30, 90, 150, 210, 270. */
    public static int centre(int event) {
        if (event < 0 || event >= Clip.EVENTS) {
            throw new IllegalArgumentException("event " + event + ": events are counted from 0 to " + (Clip.EVENTS - 1));
        }
        return event * Clip.EVENT_SECONDS * Clip.FRAME_RATE + Clip.EVENT_SECONDS * Clip.FRAME_RATE / 2;
    }

    /** The frames of an event, counted from 0. */
    public int[] indices(int event) {
        int first = centre(event) - frames * stride / 2;
        int[] indices = new int[frames];
        for (int i = 0; i < frames; i++) {
            indices[i] = Math.max(0, Math.min(first + i * stride, Clip.FRAMES - 1));
        }
        return indices;
    }

    /** When the frames of an event are taken, in seconds from the clip's start, for films at any frame rate. */
    public double[] times(int event) {
        int[] indices = indices(event);
        double[] times = new double[frames];
        for (int i = 0; i < frames; i++) {
            times[i] = indices[i] / (double) Clip.FRAME_RATE;
        }
        return times;
    }

    /** Which {@code kept} of {@code frames} frames a slow path sees: evenly spaced from the first to the last, cut to whole numbers. */
    public static int[] thinned(int frames, int kept) {
        if (kept < 2 || kept > frames) {
            throw new IllegalArgumentException(kept + " of " + frames + " frames: it must be 2 at least, and not more than there are");
        }
        int[] indices = new int[kept];
        for (int i = 0; i < kept; i++) {
            indices[i] = (int) ((long) i * (frames - 1) / (kept - 1));
        }
        return indices;
    }
}
