package dev.kinema.device.cpu;

import dev.kinema.graph.op.InfoNce;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * Each row's sum of exponentials of its scores, less a shift. Where scores have a bound, that is the shift, and stays it, so that the
 * exponentials of all chunks are of one scale and can be left in the place of the logits. Otherwise it is the positive's score at first,
 * and becomes the largest of a tile where that is so much greater that digits would be lost.
 */
final class QueueLogSums {
    /** Of a tile. */
    private static final float TOO_LARGE = 1e6f;
    /**
     * Of scores of unit rows, 1 / temperature, beyond which it is no shift: with rows of a queue of up to 7/4 what is less the shift lies
     * between -(1 + 7/4) and 3/4 times the bound, which is e^-82.5, yet a whole float, to e^22.5, of which even 2^31 are one.
     */
    private static final double HIGHEST_BOUND = 30;

    private final QueueRows rows;
    private final boolean bounded;
    private final double[] positive;
    /** In units of a product, before the temperature. */
    private final float[] shift;
    private final double[] sum;
    private final FloatBuffer log;
    private final IntBuffer rank;
    private final FloatBuffer negatives;

    /** @param negatives for the sums without the positive; null where the logits are to be left without exponentials */
    QueueLogSums(InfoNce op, QueueRows rows, FloatBuffer log, IntBuffer rank, FloatBuffer negatives) {
        this.rows = rows;
        bounded = hasBound(op);
        positive = new double[rows.all];
        shift = new float[rows.all];
        sum = new double[rows.all];
        this.log = log;
        this.rank = rank;
        this.negatives = negatives;
    }

    /** Whether scores have a bound that can be the shift of all. */
    static boolean hasBound(InfoNce op) {
        return op.unitLength() && bound(op) <= HIGHEST_BOUND;
    }

    /** That of scores of unit rows. */
    static double bound(InfoNce op) {
        return 1 / op.temperature();
    }

    void start(int from, int to) {
        for (int r = from; r < to; r++) {
            positive[r] = rows.positive(r);
            shift[r] = bounded ? 1 : (float) (positive[r] / rows.inverse);
            sum[r] = 0;
            rank.put(r, 0);
        }
    }

    /** Adds the chunk's. */
    void add(int from, int to) {
        Tile tile = Tile.own();
        int columns = rows.columns;
        for (int r = from; r < to; r++) {
            rows.exclude(r);
            float bound = (float) (positive[r] / rows.inverse);
            int above = 0;
            for (int i = 0; i < columns; i += Tile.SIZE) {
                int count = Math.min(Tile.SIZE, columns - i);
                tile.load(rows.logits, r * columns + i, count, Float.NEGATIVE_INFINITY);
                above += Exponentials.above(tile, bound);
                addExponentials(tile, r, r * columns + i, count);
            }
            rank.put(r, rank.get(r) + above);
        }
    }

    private void addExponentials(Tile tile, int row, int at, int count) {
        Exponentials.of(tile, shift[row], rows.inverse);
        if (negatives != null) {
            rows.logits.put(at, tile.y, 0, count);
        }
        float total = Tile.sum(tile.y);
        if (!bounded && !(total <= TOO_LARGE)) {
            float larger = tile.largest();
            sum[row] *= Math.exp((shift[row] - (double) larger) * rows.inverse);
            shift[row] = larger;
            Exponentials.of(tile, larger, rows.inverse);
            total = Tile.sum(tile.y);
        }
        sum[row] += total;
    }

    /** Stores the log-sums and returns the mean loss of the rows that take part. */
    double finish() {
        double losses = 0;
        for (int r = 0; r < rows.counted; r++) {
            double base = shift[r] * rows.inverse;
            double logSum = base + Math.log(sum[r] + Math.exp(positive[r] - base));
            log.put(r, (float) logSum);
            losses += logSum - positive[r];
            if (negatives != null) {
                negatives.put(r, (float) sum[r]);
            }
        }
        for (int r = rows.counted; r < rows.all; r++) {
            log.put(r, 0);
            rank.put(r, -1);
        }
        return losses / rows.counted;
    }
}
