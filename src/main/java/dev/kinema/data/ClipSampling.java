package dev.kinema.data;

/**
 * PySlowFast's choice of a clip's frames by frame number ({@code slowfast/datasets/decoder.py}), which its published
 * checkpoints were trained and tested with.
 *
 * <p>A clip of T frames at sampling rate tau takes up {@code c = max(1, T * tau * fps / targetFps)} frames of the film (a
 * real number). From its start s, the frames are {@code trunc(clamp(linspace(s, s + c - 1, T), 0, length - 1))} in single
 * precision: the step is {@code (c - 1) / (T - 1)}, not tau, and a short film repeats its last frame.
 *
 * @param frames T, frames per clip
 * @param rate tau, frames of a film at the target rate from one sample to the next
 * @param targetFps frames per second that {@code rate} refers to
 */
public record ClipSampling(int frames, int rate, double targetFps) {
    /** Checks the numbers. */
    public ClipSampling {
        if (frames < 1 || rate < 1 || !(targetFps > 0)) {
            throw new IllegalArgumentException("clips of " + frames + " frames at sampling rate " + rate + " of "
                    + targetFps + " fps: all must be above 0");
        }
    }

    /** T frames at sampling rate tau of a film at 30 frames per second: 8 and 8 for "8x8", 16 and 4 for "16x4". */
    public static ClipSampling of(int frames, int rate) {
        return new ClipSampling(frames, rate, 30);
    }

    /** Frames of a film at {@code fps} frames per second that a clip takes up, a real number of 1 or more. */
    public double clipSize(double fps) {
        return Math.max(1, frames * rate * fps / targetFps);
    }

    /** Where starts may lie, from 0 to this, in a film of {@code length} frames. */
    private double room(long length, double fps) {
        if (length < 1 || !(fps > 0)) {
            throw new IllegalArgumentException("a film of " + length + " frames at " + fps + " fps: both must be above 0");
        }
        return Math.max(length - clipSize(fps), 0);
    }

    /**
     * A training clip's start.
     *
     * @param length frames in the film
     * @param fps its frames per second
     * @param uniform a number drawn uniformly from [0, 1)
     * @return frames from the film's start, a real number
     */
    public double trainStart(long length, double fps, double uniform) {
        if (!(uniform >= 0 && uniform < 1)) {
            throw new IllegalArgumentException("a draw of " + uniform + ": it must lie in [0, 1)");
        }
        return room(length, fps) * uniform;
    }

    /** Start of test view {@code view} of {@code views}: {@code max(length - c, 0) * view / views}; none touches the end. */
    public double testStart(long length, double fps, int view, int views) {
        if (view < 0 || view >= views) {
            throw new IllegalArgumentException("view " + view + " of " + views + ": views are counted from 0");
        }
        return room(length, fps) * view / views;
    }

    /** Numbers of the frames of the clip that starts {@code start} frames into a film of {@code length} frames. */
    public int[] indices(double start, long length, double fps) {
        float first = (float) start;
        float last = (float) (start + clipSize(fps) - 1);
        int[] indices = new int[frames];
        for (int i = 0; i < frames; i++) {
            float at = Math.max(0, Math.min(linspace(first, last, i), length - 1));
            indices[i] = (int) at;
        }
        return indices;
    }

    /** PyTorch's {@code linspace} in single precision, which counts from the nearer end so that both ends are exact. */
    private float linspace(float first, float last, int i) {
        if (frames == 1) {
            return first;
        }
        float step = (last - first) / (frames - 1);
        return i < frames / 2 ? first + step * i : last - step * (frames - 1 - i);
    }
}
