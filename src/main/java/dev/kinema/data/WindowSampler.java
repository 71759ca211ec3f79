package dev.kinema.data;

import java.util.Arrays;

/**
 * Cuts a window out of every frame of a clip and scales it in one pass: bilinear between the two nearest pixels, without
 * antialiasing, pixel centres at halves and never beyond the window's edge (PyTorch's {@code interpolate} with {@code align_corners}
 * false, TensorFlow's {@code resize} with half-pixel centres).
 */
final class WindowSampler {
    /** Where the pictures come from. */
    interface Lines {
        /** Columns {@code x} to {@code x + count - 1} of line {@code y}, as red, green and blue in [0, 1]. */
        void read(int frame, int y, int x, int count, float[][] to);
    }

    /** Output i is {@code low + weight * (high - low)} of two source pixels, counted from the window's first. */
    private record Taps(int[] low, int[] high, float[] weight) {
        private Taps(int size) {
            this(new int[size], new int[size], new float[size]);
        }

        void set(CropWindow.Span span, boolean flip) {
            int size = low.length;
            double scale = (double) span.length() / span.scaled();
            for (int i = 0; i < size; i++) {
                double position = Math.max(0, (span.offset() + i + 0.5) * scale - 0.5);
                int below = Math.min((int) position, span.length() - 1);
                int to = flip ? size - 1 - i : i;
                low[to] = below;
                high[to] = Math.min(below + 1, span.length() - 1);
                weight[to] = (float) (position - below);
            }
        }
    }

    private final int size;
    private final Taps vertical;
    private final Taps horizontal;
    private final float[][][] held;
    private final int[] lineHeld = new int[2];
    private final float[][] mixed;
    private final float[][] source = {new float[0], new float[0], new float[0]};

    /** @param size side of the output in pixels */
    WindowSampler(int size) {
        this.size = size;
        this.vertical = new Taps(size);
        this.horizontal = new Taps(size);
        this.held = new float[2][3][size];
        this.mixed = new float[3][size];
    }

    /** Fills {@code to} with [frames, size, size]. */
    void run(Lines lines, int frames, CropWindow window, boolean flip, Planes to) {
        vertical.set(window.vertical(), false);
        horizontal.set(window.horizontal(), flip);
        to.shape(frames, size, size);
        for (int c = 0; c < 3; c++) {
            int length = window.horizontal().length();
            source[c] = source[c].length < length ? new float[length] : source[c];
        }
        for (int frame = 0; frame < frames; frame++) {
            Arrays.fill(lineHeld, -1);
            for (int y = 0; y < size; y++) {
                int low = vertical.low()[y];
                int high = vertical.high()[y];
                float[][] upper = held[slot(lines, frame, low, high, window)];
                float[][] lower = held[slot(lines, frame, high, low, window)];
                for (int c = 0; c < 3; c++) {
                    mix(upper[c], lower[c], vertical.weight()[y], mixed[c]);
                }
                to.write(frame, y, mixed);
            }
        }
    }

    private static void mix(float[] upper, float[] lower, float weight, float[] mixed) {
        for (int x = 0; x < mixed.length; x++) {
            mixed[x] = upper[x] + weight * (lower[x] - upper[x]);
        }
    }

    /** Which slot holds a source line scaled along x; {@code other} is the line that must stay. */
    private int slot(Lines lines, int frame, int y, int other, CropWindow window) {
        if (lineHeld[0] == y || lineHeld[1] == y) {
            return lineHeld[0] == y ? 0 : 1;
        }
        int slot = lineHeld[0] == other ? 1 : 0;
        CropWindow.Span columns = window.horizontal();
        lines.read(frame, window.vertical().first() + y, columns.first(), columns.length(), source);
        for (int c = 0; c < 3; c++) {
            gather(source[c], held[slot][c]);
        }
        lineHeld[slot] = y;
        return slot;
    }

    private void gather(float[] from, float[] to) {
        int[] low = horizontal.low();
        int[] high = horizontal.high();
        float[] weight = horizontal.weight();
        for (int x = 0; x < to.length; x++) {
            float left = from[low[x]];
            to[x] = left + weight[x] * (from[high[x]] - left);
        }
    }
}
