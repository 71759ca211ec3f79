package dev.kinema.video;

import java.nio.ByteBuffer;

/**
 * Samples an RGB picture at given taps and turns it upright.
 *
 * <p>This is our own code and not swscale's because swscale's bilinear filter widens when it makes pictures smaller
 * (antialiasing), while the networks' reference pipeline interpolates between the two nearest pixels.
 */
final class Resampler {
    private final Taps vertical;
    private final Taps horizontal;
    private final boolean transposed;
    private final byte[] source;
    private final byte[] tile;
    private final float[][] rows;
    private final int[] rowHeld = {-1, -1};

    /**
     * @param vertical taps along the stored picture's y axis
     * @param horizontal taps along its x axis
     * @param transposed whether the output's x axis is the stored y axis
     */
    Resampler(Taps vertical, Taps horizontal, boolean transposed) {
        this.vertical = vertical;
        this.horizontal = horizontal;
        this.transposed = transposed;
        this.source = new byte[(horizontal.last() + 1) * 3];
        this.tile = new byte[vertical.count() * horizontal.count() * 3];
        this.rows = new float[2][horizontal.count() * 3];
    }

    /** Writes the output as [H,W,3] at {@code offset}; {@code picture} holds lines of {@code stride} bytes. */
    void run(ByteBuffer picture, int stride, ByteBuffer target, int offset) {
        rowHeld[0] = -1;
        rowHeld[1] = -1;
        int width = horizontal.count() * 3;
        for (int y = 0; y < vertical.count(); y++) {
            int low = vertical.low()[y];
            int high = vertical.high()[y];
            float[] upper = row(picture, stride, low, high);
            float[] lower = row(picture, stride, high, low);
            float weight = vertical.weight()[y];
            int at = y * width;
            for (int i = 0; i < width; i++) {
                tile[at + i] = (byte) (int) (upper[i] + (lower[i] - upper[i]) * weight + 0.5f);
            }
        }
        if (transposed) {
            putTransposed(target, offset);
        } else {
            target.put(offset, tile, 0, tile.length);
        }
    }

    /** A source line interpolated horizontally; {@code other} is the line whose copy must not be overwritten. */
    private float[] row(ByteBuffer picture, int stride, int line, int other) {
        for (int slot = 0; slot < 2; slot++) {
            if (rowHeld[slot] == line) {
                return rows[slot];
            }
        }
        int slot = rowHeld[0] == other ? 1 : 0;
        picture.get(line * stride, source, 0, source.length);
        float[] row = rows[slot];
        for (int x = 0; x < horizontal.count(); x++) {
            int low = horizontal.low()[x] * 3;
            int high = horizontal.high()[x] * 3;
            float weight = horizontal.weight()[x];
            for (int c = 0; c < 3; c++) {
                float left = source[low + c] & 0xff;
                row[x * 3 + c] = left + ((source[high + c] & 0xff) - left) * weight;
            }
        }
        rowHeld[slot] = line;
        return row;
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
