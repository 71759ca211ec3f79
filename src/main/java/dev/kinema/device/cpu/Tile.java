package dev.kinema.device.cpu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/**
 * Arrays of one thread, small enough for the first cache, for loops over native memory: HotSpot vectorises loops over arrays of one type, and
 * none over buffers. Copying a piece in and out costs less than the vectors gain. What a tile holds is gone when its user returns.
 */
final class Tile {
    /** Elements of an array; a power of two, for sums by halves. */
    static final int SIZE = 1024;
    private static final ThreadLocal<Tile> OWN = ThreadLocal.withInitial(Tile::new);

    final float[] x = new float[SIZE];
    final float[] y = new float[SIZE];
    final float[] z = new float[SIZE];
    final float[] w = new float[SIZE];
    final int[] bits = new int[SIZE];
    /** Memory that is both floats and ints: a loop that turned one's bits into the other would not be vectorised. */
    private final FloatBuffer floats;
    private final IntBuffer ints;

    private Tile() {
        ByteBuffer both = ByteBuffer.allocateDirect(4 * SIZE).order(ByteOrder.nativeOrder());
        floats = both.asFloatBuffer();
        ints = both.asIntBuffer();
    }

    /** That of the calling thread. */
    static Tile own() {
        return OWN.get();
    }

    /** {@link #x} becomes {@code count} elements of a buffer, and what there is no element for {@code rest}. */
    void load(FloatBuffer from, int at, int count, float rest) {
        from.get(at, x, 0, count);
        Arrays.fill(x, count, SIZE, rest);
    }

    /** {@link #bits} become the bits of these floats. */
    void bitsOf(float[] values) {
        floats.put(0, values, 0, SIZE);
        ints.get(0, bits, 0, SIZE);
    }

    /** The floats of which {@link #bits} are the bits. */
    void floatsOf(float[] values) {
        ints.put(0, bits, 0, SIZE);
        floats.get(0, values, 0, SIZE);
    }

    /** The sum of all elements of an array, by halves, as which it rounds ten times only; what the array held is gone. */
    static float sum(float[] values) {
        for (int half = SIZE / 2; half >= 16; half /= 2) {
            for (int i = 0; i < half; i++) {
                values[i] += values[i + half];
            }
        }
        float sum = 0;
        for (int i = 0; i < 16; i++) {
            sum += values[i];
        }
        return sum;
    }

    /** The largest of {@link #x}; NaN if there is one. */
    float largest() {
        float most = x[0];
        for (int i = 1; i < SIZE; i++) {
            most = Math.max(most, x[i]);
        }
        return most;
    }
}
