package dev.kinema.device.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Sums of squares of some tensors, by parts of a fixed size, which threads share. The sums of the parts are added up in their order: no
 * number of threads changes a bit.
 */
final class SquareSums {
    /** Elements of a part. */
    private static final int PART = 65_536;
    /** Numbers that are added up in float32. */
    private static final int FEW = 16;
    /** Sums of squares that have not lost a digit to what float32 cannot hold. */
    private static final double LEAST = 1e-25;
    private static final double MOST = 1e35;

    private final FloatBuffer[] tensors;
    /** Of each tensor the first of its parts; then how many parts there are. */
    private final int[] first;
    private final double[] parts;
    /** Parts that are worth a thread: as many as have a whole part's elements. */
    private final int grain;
    private final Team.Range range = this::compute;

    /** To be made when addresses are known. */
    SquareSums(List<Buffer> tensors) {
        this.tensors = tensors.stream().map(Buffer::floats).toArray(FloatBuffer[]::new);
        first = new int[tensors.size() + 1];
        long elements = 0;
        for (int i = 0; i < this.tensors.length; i++) {
            first[i + 1] = first[i] + (this.tensors[i].capacity() + PART - 1) / PART;
            elements += this.tensors[i].capacity();
        }
        parts = new double[first[tensors.size()]];
        grain = (int) (1 + parts.length * (long) PART / (elements + 1));
    }

    /** Of the tensors as they are now. */
    void compute(Team team) {
        team.run(parts.length, grain, range);
    }

    /** That of one tensor. */
    double of(int tensor) {
        double sum = 0;
        for (int i = first[tensor]; i < first[tensor + 1]; i++) {
            sum += parts[i];
        }
        return sum;
    }

    /** That of all. */
    double total() {
        double sum = 0;
        for (double part : parts) {
            sum += part;
        }
        return sum;
    }

    private void compute(int from, int to) {
        int tensor = 0;
        for (int part = from; part < to; part++) {
            while (part >= first[tensor + 1]) {
                tensor++;
            }
            int at = (part - first[tensor]) * PART;
            parts[part] = squares(tensors[tensor], at, Math.min(tensors[tensor].capacity(), at + PART));
        }
    }

    /** Of sixteen numbers each in float32 and of these sums in double; all in double where float32 is too narrow for them. */
    static double squares(FloatBuffer v, int from, int to) {
        Tile tile = Tile.own();
        float[] x = tile.x;
        float[] few = tile.y;
        double sum = 0;
        for (int at = from; at < to; at += FEW * Tile.SIZE) {
            int end = Math.min(to, at + FEW * Tile.SIZE);
            Arrays.fill(few, 0);
            for (int i = at; i < end; i += Tile.SIZE) {
                int count = Math.min(Tile.SIZE, end - i);
                v.get(i, x, 0, count);
                addSquares(x, few, count);
            }
            double part = 0;
            for (float f : few) {
                part += f;
            }
            sum += part > LEAST && part < MOST ? part : exactSquares(v, at, end);
        }
        return sum;
    }

    private static void addSquares(float[] x, float[] sums, int count) {
        for (int i = 0; i < count; i++) {
            sums[i] += x[i] * x[i];
        }
    }

    private static double exactSquares(FloatBuffer v, int from, int to) {
        double sum = 0;
        for (int i = from; i < to; i++) {
            double x = v.get(i);
            sum += x * x;
        }
        return sum;
    }
}
