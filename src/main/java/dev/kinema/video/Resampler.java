package dev.kinema.video;

import java.nio.ByteBuffer;

/**
 * Samples an RGB picture at given taps and turns it upright.
 *
 * <p>This is our own code and not swscale's because swscale's bilinear filter widens when it makes pictures smaller
 * (antialiasing), while the networks' reference pipeline interpolates between the two nearest pixels.
 *
 * <p>Down first and then across: what goes down are whole lines of floats, which the JVM's compiler turns into vector
 * instructions, and what goes across pixel by pixel are only the output's lines. The other order rounds floats differently,
 * which moves a few pixels of a hundred thousand by one level.
 */
final class Resampler {
    /** Byte values as floats: a load is faster than an instruction that converts a single number. */
    private static final float[] LEVELS = new float[256];

    static {
        for (int i = 0; i < LEVELS.length; i++) {
            LEVELS[i] = i;
        }
    }

    /** A picture that is read line by line. */
    interface Lines {
        /** Reads the beginning of a line into red, green and blue, as many pixels of 0 to 255 as these have room for. */
        void read(int line, float[][] rgb);
    }

    private final Taps vertical;
    private final Taps horizontal;
    private final boolean transposed;
    private final byte[] tile;
    private final float[][][] held;
    private final int[] lineHeld = {-1, -1};
    private final float[] mixed;

    /**
     * @param vertical taps along the stored picture's y axis
     * @param horizontal taps along its x axis
     * @param transposed whether the output's x axis is the stored y axis
     */
    Resampler(Taps vertical, Taps horizontal, boolean transposed) {
        this.vertical = vertical;
        this.horizontal = horizontal;
        this.transposed = transposed;
        this.tile = new byte[vertical.count() * horizontal.count() * 3];
        this.held = new float[2][3][width()];
        this.mixed = new float[width()];
    }

    /** How many pixels of a line are read. */
    int width() {
        return horizontal.last() + 1;
    }

    /** Writes the output as [H,W,3] at {@code offset}. */
    void run(Lines picture, ByteBuffer target, int offset) {
        lineHeld[0] = -1;
        lineHeld[1] = -1;
        for (int y = 0; y < vertical.count(); y++) {
            int low = vertical.low()[y];
            int high = vertical.high()[y];
            float[][] upper = line(picture, low, high);
            float[][] lower = line(picture, high, low);
            float weight = vertical.weight()[y];
            for (int c = 0; c < 3; c++) {
                float[] between = upper[c];
                if (weight != 0) {
                    mix(upper[c], lower[c], weight, mixed);
                    between = mixed;
                }
                across(between, y * horizontal.count() * 3 + c);
            }
        }
        if (transposed) {
            putTransposed(target, offset);
        } else {
            target.put(offset, tile, 0, tile.length);
        }
    }

    /** A source line; {@code other} is the line whose copy must not be overwritten. */
    private float[][] line(Lines picture, int line, int other) {
        for (int slot = 0; slot < 2; slot++) {
            if (lineHeld[slot] == line) {
                return held[slot];
            }
        }
        int slot = lineHeld[0] == other ? 1 : 0;
        picture.read(line, held[slot]);
        lineHeld[slot] = line;
        return held[slot];
    }

    private static void mix(float[] upper, float[] lower, float weight, float[] mixed) {
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = upper[i] + (lower[i] - upper[i]) * weight;
        }
    }

    /** Interpolates a line of one colour, rounded, to every third byte of the tile from {@code at} on. */
    private void across(float[] line, int at) {
        byte[] to = tile;
        int[] low = horizontal.low();
        int[] high = horizontal.high();
        float[] weight = horizontal.weight();
        for (int x = 0; x < low.length; x++) {
            float left = line[low[x]];
            to[at + 3 * x] = (byte) (int) (left + (line[high[x]] - left) * weight[x] + 0.5f);
        }
    }

    /** Bytes from {@code from} on, and every {@code step}-th after it, as floats. */
    static void floats(byte[] bytes, int from, int step, float[] floats) {
        float[] levels = LEVELS;
        for (int i = 0; i < floats.length; i++) {
            floats[i] = levels[bytes[from + i * step] & 0xff];
        }
    }

    private void putTransposed(ByteBuffer target, int offset) {
        int width = horizontal.count();
        int height = vertical.count();
        for (int x = 0; x < width; x++) {
            int at = offset + x * height * 3;
            for (int y = 0; y < height; y++) {
                int from = (y * width + x) * 3;
                target.put(at++, tile[from]);
                target.put(at++, tile[from + 1]);
                target.put(at++, tile[from + 2]);
            }
        }
    }
}
