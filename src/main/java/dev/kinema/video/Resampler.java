package dev.kinema.video;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Samples an RGB picture at given taps and turns it upright.
 *
 * <p>This is our own code and not swscale's because swscale's bilinear filter widens when it makes pictures smaller
 * (antialiasing), while the networks' reference pipeline interpolates between the two nearest pixels.
 *
 * <p>Down first and then across: the other order rounds floats differently, which moves a few pixels of a hundred thousand
 * by one level. Of each source line the pixels at the taps are picked once, all three colours in one int; from there to the
 * output's pixels everything is loops over neighbouring numbers, which the JVM's compiler turns into vector instructions.
 * Java 17's does so only where all arrays are indexed alike, and for no conversion between int and float, for which there
 * are {@link #ONES} and {@link #HALVES}.
 */
final class Resampler {
    /** 2^23: it and an integer below it, their bits taken together, are the float that is their sum. */
    private static final float ONES = 0x1p23f;
    private static final int ONES_BITS = Float.floatToRawIntBits(ONES);
    /**
     * Added to a float of 0.5 to 256, it leaves floor(2 x) in the low bits: floats from 2^22 to 2^23 count halves, the
     * quarter less makes rounding to the nearest one down, and where there are two nearest, because 2 x is an integer,
     * the even one is taken, which for an integer x is x.
     */
    private static final float HALVES = 0x1p22f - 0.25f;
    private static final int COLOURS = 3;
    private static final VarHandle PAIR = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** A picture that is read line by line. */
    interface Lines {
        /** Reads the pixels at these places of a line: {@code red | green << 8 | blue << 16}. */
        void read(int line, int[] places, int[] rgb);
    }

    private final Taps vertical;
    private final boolean transposed;
    private final int count;
    private final int[] columns;
    private final float[] weight;
    private final int[] picked;
    private final int[][] spread;
    /** Of each colour the lower taps and then the upper ones, each with {@link #ONES} added. */
    private final float[][] held;
    private final int[] lineHeld = {-1, -1};
    private final float[] left;
    private final float[] right;
    private final float[] sums;
    private final int[][] levels;
    private final int[] packed;
    private final IntBuffer asInts;
    private final FloatBuffer asFloats;
    private final int[] tile;
    private final int[] row;
    private final byte[] bytes;

    /**
     * @param vertical taps along the stored picture's y axis
     * @param horizontal taps along its x axis: places in the lines read
     * @param transposed whether the output's x axis is the stored y axis
     */
    Resampler(Taps vertical, Taps horizontal, boolean transposed) {
        this.vertical = vertical;
        this.transposed = transposed;
        count = horizontal.count();
        columns = new int[2 * count];
        System.arraycopy(horizontal.low(), 0, columns, 0, count);
        System.arraycopy(horizontal.high(), 0, columns, count, count);
        int taps = 2 * COLOURS * count;
        weight = new float[taps];
        for (int c = 0; c < COLOURS; c++) {
            System.arraycopy(horizontal.weight(), 0, weight, 2 * c * count, count);
        }
        picked = new int[2 * count];
        spread = new int[COLOURS][2 * count];
        held = new float[2][taps];
        left = new float[taps];
        right = new float[taps];
        sums = new float[taps];
        levels = new int[COLOURS][count];
        packed = new int[count];
        ByteBuffer either = ByteBuffer.allocateDirect(Float.BYTES * taps).order(ByteOrder.nativeOrder());
        asInts = either.asIntBuffer();
        asFloats = either.asFloatBuffer();
        tile = new int[vertical.count() * count];
        row = new int[(transposed ? vertical.count() : count) + 1];
        bytes = new byte[COLOURS * row.length + Long.BYTES];
    }

    /** Writes the output as u8 [H,W,3] at {@code offset}. */
    void run(Lines picture, ByteBuffer target, int offset) {
        lineHeld[0] = -1;
        lineHeld[1] = -1;
        for (int y = 0; y < vertical.count(); y++) {
            int low = vertical.low()[y];
            int high = vertical.high()[y];
            float[] upper = line(picture, low, high);
            float[] lower = line(picture, high, low);
            mix(upper, lower, vertical.weight()[y], left);
            // the upper tap lies so far behind the lower one; what stands between the colours then is of no use
            System.arraycopy(left, count, right, 0, left.length - count);
            across(left, right, weight, sums);
            asFloats.put(0, sums);
            for (int c = 0; c < COLOURS; c++) {
                asInts.get(2 * c * count, levels[c]);
            }
            pack(levels[0], levels[1], levels[2], packed);
            System.arraycopy(packed, 0, tile, y * count, count);
        }
        put(target, offset);
    }

    /** A source line at the taps; {@code other} is the line whose copy must not be overwritten. */
    private float[] line(Lines picture, int line, int other) {
        for (int slot = 0; slot < 2; slot++) {
            if (lineHeld[slot] == line) {
                return held[slot];
            }
        }
        int slot = lineHeld[0] == other ? 1 : 0;
        picture.read(line, columns, picked);
        for (int c = 0; c < COLOURS; c++) {
            unpack(picked, 8 * c, spread[c]);
            asInts.put(2 * c * count, spread[c]);
        }
        asFloats.get(0, held[slot]);
        lineHeld[slot] = line;
        return held[slot];
    }

    private static void unpack(int[] from, int shift, int[] to) {
        for (int i = 0; i < to.length; i++) {
            to[i] = from[i] >>> shift & 0xff | ONES_BITS;
        }
    }

    private static void mix(float[] upper, float[] lower, float weight, float[] mixed) {
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = upper[i] - ONES + (lower[i] - upper[i]) * weight;
        }
    }

    private static void across(float[] left, float[] right, float[] weight, float[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] = left[i] + (right[i] - left[i]) * weight[i] + 0.5f + HALVES;
        }
    }

    private static void pack(int[] red, int[] green, int[] blue, int[] packed) {
        for (int i = 0; i < packed.length; i++) {
            packed[i] = red[i] >>> 1 & 0xff | (green[i] >>> 1 & 0xff) << 8 | (blue[i] >>> 1 & 0xff) << 16;
        }
    }

    private void put(ByteBuffer target, int offset) {
        int lines = transposed ? count : vertical.count();
        int width = transposed ? vertical.count() : count;
        for (int y = 0; y < lines; y++) {
            for (int x = 0; transposed && x < width; x++) {
                row[x] = tile[x * count + y];
            }
            if (!transposed) {
                System.arraycopy(tile, y * count, row, 0, width);
            }
            interleave(row, bytes);
            target.put(offset + y * COLOURS * width, bytes, 0, COLOURS * width);
        }
    }

    /** Two pixels are written as eight bytes, of which the next two overwrite the last two; the last of {@code row} is none. */
    private static void interleave(int[] row, byte[] bytes) {
        for (int x = 0; x < row.length - 1; x += 2) {
            PAIR.set(bytes, COLOURS * x, row[x] | (long) row[x + 1] << 24);
        }
    }
}
