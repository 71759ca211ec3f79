package dev.kinema.device.cpu;

import dev.kinema.graph.op.Attention;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * What stands between the products of attention, on tables [B, heads, queries, keys]: scale, masks, softmax, and the way back. As many rows
 * are taken at once as a {@link Tile} holds, as those of short sequences are but a few numbers; a row that is longer is taken in pieces.
 * Loops run over {@link #groups}: so many rows, or one long one.
 */
final class AttentionRows {
    /** Numbers below which rows are not worth sharing among threads. */
    private static final int GRAIN = 4096;

    private final Attention op;
    private final int queries;
    private final int keys;
    private final int rows;
    /** In a group. */
    private final int together;
    private final float scale;
    /** Scores, which become probabilities. */
    private final FloatBuffer table;
    private final FloatBuffer logs;
    /** [B, keys], not 0 for what nothing is to see; null without a mask. */
    private final ByteBuffer padding;

    /**
     * @param dims of the table
     * @param depth numbers that a score is a sum over
     */
    AttentionRows(Attention op, int[] dims, int depth, FloatBuffer table, FloatBuffer logs, ByteBuffer padding) {
        this.op = op;
        queries = dims[2];
        keys = dims[3];
        rows = dims[0] * dims[1] * queries;
        together = Math.max(1, Tile.SIZE / keys);
        scale = (float) (1 / Math.sqrt(depth));
        this.table = table;
        this.logs = logs;
        this.padding = padding;
    }

    /** What loops are over. */
    int groups() {
        return (rows + together - 1) / together;
    }

    /** Groups that are worth a thread. */
    int grain() {
        return 1 + GRAIN / (together * keys);
    }

    /** Scores to probabilities and log-sums. */
    void soften(int from, int to) {
        Tile tile = Tile.own();
        for (int row = from * together; row < Math.min(rows, to * together); row += together) {
            if (keys > Tile.SIZE) {
                softenLong(tile, row);
            } else {
                soften(tile, row, Math.min(together, rows - row));
            }
        }
    }

    private void soften(Tile tile, int row, int count) {
        float[] x = tile.x;
        float[] y = tile.y;
        float[] tops = tile.w;
        load(tile, row, 0, count * keys);
        for (int r = 0; r < count; r++) {
            tops[r] = top(x, r * keys, keys, Float.NEGATIVE_INFINITY);
            shift(x, r * keys, keys, finite(tops[r]));
        }
        Exponentials.of(tile, 0, scale);
        for (int r = 0; r < count; r++) {
            double sum = sum(y, r * keys, keys);
            logs.put(row + r, log(tops[r], sum));
            scale(y, r * keys, keys, inverse(sum));
        }
        table.put(row * keys, y, 0, count * keys);
    }

    private void softenLong(Tile tile, int row) {
        float top = Float.NEGATIVE_INFINITY;
        for (int at = 0; at < keys; at += Tile.SIZE) {
            top = top(tile.x, 0, load(tile, row, at, keys - at), top);
        }
        double sum = 0;
        for (int at = 0; at < keys; at += Tile.SIZE) {
            int count = load(tile, row, at, keys - at);
            Exponentials.of(tile, finite(top), scale);
            table.put(row * keys + at, tile.y, 0, count);
            sum += Tile.sum(tile.y);
        }
        logs.put(row, log(top, sum));
        for (int at = 0; at < keys; at += Tile.SIZE) {
            int count = Math.min(Tile.SIZE, keys - at);
            table.get(row * keys + at, tile.y, 0, count);
            scale(tile.y, 0, count, inverse(sum));
            table.put(row * keys + at, tile.y, 0, count);
        }
    }

    /** Where a row sees nothing, what is less this is minus infinity yet. */
    private static float finite(float top) {
        return top == Float.NEGATIVE_INFINITY ? 0 : top;
    }

    /** That of a row that sees nothing is 0, as are its probabilities. */
    private float log(float top, double sum) {
        return sum == 0 ? 0 : (float) (top * (double) scale + Math.log(sum));
    }

    private static float inverse(double sum) {
        return sum == 0 ? 0 : (float) (1 / sum);
    }

    /** Scores to probabilities with the saved log-sums. */
    void again(int from, int to) {
        Tile tile = Tile.own();
        for (int row = from * together; row < Math.min(rows, to * together); row += together) {
            int size = Math.min(together, rows - row) * keys;
            for (int at = 0; at < size; at += Tile.SIZE) {
                int count = load(tile, row, at, size - at);
                for (int r = 0; r < together; r++) {
                    shift(tile.x, r * keys, Math.min(keys, count), row + r < rows ? logs.get(row + r) / scale : 0);
                }
                Exponentials.of(tile, 0, scale);
                table.put(row * keys + at, tile.y, 0, count);
            }
        }
    }

    /** With P the probabilities, gradients dP become those of scores: P (dP - sum(dP P)), times the scale. */
    void back(FloatBuffer gradients, int from, int to) {
        Tile tile = Tile.own();
        for (int row = from * together; row < Math.min(rows, to * together); row += together) {
            if (keys > Tile.SIZE) {
                backLong(tile, gradients, row);
            } else {
                back(tile, gradients, row, Math.min(together, rows - row));
            }
        }
    }

    private void back(Tile tile, FloatBuffer gradients, int row, int count) {
        int size = count * keys;
        product(tile, gradients, row * keys, size);
        for (int r = 0; r < count; r++) {
            shift(tile.x, r * keys, keys, (float) sum(tile.z, r * keys, keys));
        }
        times(tile.x, tile.y, size);
        gradients.put(row * keys, tile.x, 0, size);
    }

    private void backLong(Tile tile, FloatBuffer gradients, int row) {
        double sum = 0;
        for (int at = 0; at < keys; at += Tile.SIZE) {
            int count = Math.min(Tile.SIZE, keys - at);
            product(tile, gradients, row * keys + at, count);
            sum += sum(tile.z, 0, count);
        }
        for (int at = 0; at < keys; at += Tile.SIZE) {
            int count = Math.min(Tile.SIZE, keys - at);
            product(tile, gradients, row * keys + at, count);
            shift(tile.x, 0, count, (float) sum);
            times(tile.x, tile.y, count);
            gradients.put(row * keys + at, tile.x, 0, count);
        }
    }

    /** x = dP, y = P, z = dP P. */
    private void product(Tile tile, FloatBuffer gradients, int at, int count) {
        float[] x = tile.x;
        float[] y = tile.y;
        float[] z = tile.z;
        gradients.get(at, x, 0, count);
        table.get(at, y, 0, count);
        for (int i = 0; i < count; i++) {
            z[i] = x[i] * y[i];
        }
    }

    private void times(float[] x, float[] y, int count) {
        for (int i = 0; i < count; i++) {
            x[i] *= y[i] * scale;
        }
    }

    /**
     * Brings at most a tile of the table, from {@code at} of a row on, to x, and returns how many numbers; what is not to be seen, and what
     * fills the tile, is minus infinity.
     */
    private int load(Tile tile, int row, int at, int most) {
        int count = Math.min(Tile.SIZE, most);
        tile.load(table, row * keys + at, count, Float.NEGATIVE_INFINITY);
        if (op.causal() || padding != null) {
            for (int first = 0; first < count; first += keys) {
                hide(tile.x, first, row + first / keys, at, Math.min(keys, count - first));
            }
        }
        return count;
    }

    /** Of a row, the keys from {@code key} on, which lie at x[at]. */
    private void hide(float[] x, int at, int row, int key, int count) {
        int visible = op.causal() ? row % queries + keys - queries + 1 : keys;
        int sample = row / (op.heads() * queries) * keys;
        for (int j = 0; j < count; j++) {
            if (key + j >= visible || padding != null && padding.get(sample + key + j) != 0) {
                x[at + j] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    private static float top(float[] x, int at, int count, float least) {
        float top = least;
        for (int i = at; i < at + count; i++) {
            if (x[i] > top) {
                top = x[i];
            }
        }
        return top;
    }

    private static void shift(float[] x, int at, int count, float by) {
        for (int i = at; i < at + count; i++) {
            x[i] -= by;
        }
    }

    private static void scale(float[] x, int at, int count, float by) {
        for (int i = at; i < at + count; i++) {
            x[i] *= by;
        }
    }

    /** In double, by four sums, none of which waits for another. */
    private static double sum(float[] x, int at, int count) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = at;
        for (; i < at + count - 3; i += 4) {
            a += x[i];
            b += x[i + 1];
            c += x[i + 2];
            d += x[i + 3];
        }
        for (; i < at + count; i++) {
            a += x[i];
        }
        return a + b + (c + d);
    }
}
