package dev.kinema.data;

import java.nio.ByteBuffer;

/**
 * The pictures of a clip as three planes of floats in [0, 1], each [frames, height, width]. Planes apart, so that the loops over
 * them are ones that the JIT turns into vector code. Memory grows to the largest clip seen and is kept.
 */
final class Planes implements WindowSampler.Lines {
    final float[][] channel = {new float[0], new float[0], new float[0]};
    private byte[] line = new byte[0];
    private int frames;
    private int height;
    private int width;

    /** Makes room; the values are whatever they were. */
    void shape(int frames, int height, int width) {
        this.frames = frames;
        this.height = height;
        this.width = width;
        for (int c = 0; c < 3; c++) {
            channel[c] = channel[c].length < values() ? new float[values()] : channel[c];
        }
        line = line.length < width * 3 ? new byte[width * 3] : line;
    }

    int frames() {
        return frames;
    }

    int height() {
        return height;
    }

    int width() {
        return width;
    }

    /** Values in a plane. */
    int values() {
        return Math.multiplyExact(Math.multiplyExact(frames, height), width);
    }

    @Override
    public void read(int frame, int y, int x, int count, float[][] to) {
        int at = (frame * height + y) * width + x;
        for (int c = 0; c < 3; c++) {
            System.arraycopy(channel[c], at, to[c], 0, count);
        }
    }

    /** Sets one line of a frame, all columns. */
    void write(int frame, int y, float[][] from) {
        int at = (frame * height + y) * width;
        for (int c = 0; c < 3; c++) {
            System.arraycopy(from[c], 0, channel[c], at, width);
        }
    }

    /** Rounds to u8 [frames, height, width, 3] at {@code offset}. */
    void store(ByteBuffer out, int offset) {
        float[] red = channel[0];
        float[] green = channel[1];
        float[] blue = channel[2];
        for (int row = 0; row < frames * height; row++) {
            int from = row * width;
            for (int x = 0; x < width; x++) {
                line[3 * x] = (byte) (int) (red[from + x] * 255 + 0.5f);
                line[3 * x + 1] = (byte) (int) (green[from + x] * 255 + 0.5f);
                line[3 * x + 2] = (byte) (int) (blue[from + x] * 255 + 0.5f);
            }
            out.put(offset + from * 3, line, 0, width * 3);
        }
    }
}
