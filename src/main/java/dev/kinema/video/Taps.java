package dev.kinema.video;

/**
 * Bilinear taps along one axis: output {@code i} is {@code (1 - weight[i]) * source[low[i]] + weight[i] * source[high[i]]}.
 *
 * <p>The positions are those of PyTorch's {@code interpolate(mode="bilinear", align_corners=False, antialias=False)}:
 * {@code (i + 0.5) * source / scaled - 0.5}, at least 0, the upper tap clamped to the last pixel.
 */
record Taps(int[] low, int[] high, float[] weight) {

    /**
     * @param source stored pixels along the axis
     * @param scaled pixels along the axis after scaling
     * @param offset first scaled pixel wanted
     * @param count scaled pixels wanted
     * @param flipped whether the output runs against the stored axis
     */
    static Taps of(int source, int scaled, int offset, int count, boolean flipped) {
        Taps taps = new Taps(new int[count], new int[count], new float[count]);
        double scale = (double) source / scaled;
        for (int i = 0; i < count; i++) {
            double position = Math.max(0, (offset + i + 0.5) * scale - 0.5);
            int low = Math.min((int) position, source - 1);
            int high = Math.min(low + 1, source - 1);
            taps.low[i] = flipped ? source - 1 - low : low;
            taps.high[i] = flipped ? source - 1 - high : high;
            taps.weight[i] = (float) (position - low);
        }
        return taps;
    }

    /** The same positions in a field: every second line of a frame, starting with line {@code first} (0 or 1). */
    Taps inField(int first, int fieldLines) {
        Taps taps = new Taps(new int[low.length], new int[low.length], new float[low.length]);
        for (int i = 0; i < low.length; i++) {
            double line = low[i] + (high[i] - low[i]) * (double) weight[i];
            double position = Math.max(0, Math.min((line - first) / 2, fieldLines - 1));
            taps.low[i] = (int) position;
            taps.high[i] = Math.min(taps.low[i] + 1, fieldLines - 1);
            taps.weight[i] = (float) (position - taps.low[i]);
        }
        return taps;
    }

    /** The same taps in a source whose first {@code start} pixels are left out. */
    Taps from(int start) {
        Taps taps = new Taps(low.clone(), high.clone(), weight);
        for (int i = 0; i < low.length; i++) {
            taps.low[i] -= start;
            taps.high[i] -= start;
        }
        return taps;
    }

    /** The same taps in a line whose even pixels come first, and whose odd ones begin at place {@code half}. */
    Taps evenFirst(int half) {
        Taps taps = new Taps(low.clone(), high.clone(), weight);
        for (int i = 0; i < low.length; i++) {
            taps.low[i] = low[i] / 2 + low[i] % 2 * half;
            taps.high[i] = high[i] / 2 + high[i] % 2 * half;
        }
        return taps;
    }

    int count() {
        return low.length;
    }

    /** First source pixel used. */
    int first() {
        int first = Integer.MAX_VALUE;
        for (int i = 0; i < low.length; i++) {
            first = Math.min(first, Math.min(low[i], high[i]));
        }
        return first;
    }

    /** Last source pixel used. */
    int last() {
        int last = 0;
        for (int i = 0; i < low.length; i++) {
            last = Math.max(last, Math.max(low[i], high[i]));
        }
        return last;
    }
}
