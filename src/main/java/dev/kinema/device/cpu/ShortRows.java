package dev.kinema.device.cpu;

import java.nio.FloatBuffer;
import java.util.List;

/**
 * Softmax of rows of a few numbers, as many at once as a {@link Tile} holds: oneDNN takes a row at a time, whatever its width. Loops run
 * over groups of so many rows.
 */
final class ShortRows implements RowSoftmax {
    /** Numbers in the longest vectors of oneDNN, which takes as long for one number more as for two vectors more. */
    private static final int VECTOR = 16;
    /** Numbers below which rows are not worth sharing among threads. */
    private static final int GRAIN = 4096;

    private final int rows;
    private final int width;
    /** In a group. */
    private final int together;

    ShortRows(int rows, int width) {
        this.rows = rows;
        this.width = width;
        together = Tile.SIZE / width;
    }

    /** Whether oneDNN takes longer, by measurement. */
    static boolean pay(int width) {
        return width < 2 * VECTOR && width != VECTOR;
    }

    @Override
    public List<Buffer> scratch() {
        return List.of();
    }

    @Override
    public boolean readsLogSums() {
        return true;
    }

    /** A loop over groups: of so many rows, from a row on. */
    @FunctionalInterface
    private interface Group {
        void run(Tile tile, int row, int count);
    }

    private Runnable loop(CpuProgram program, Group group) {
        Team.Range range = (from, to) -> {
            Tile tile = Tile.own();
            for (int row = from * together; row < Math.min(rows, to * together); row += together) {
                group.run(tile, row, Math.min(together, rows - row));
            }
        };
        return () -> program.team().run((rows + together - 1) / together, 1 + GRAIN / (together * width), range);
    }

    @Override
    public Runnable forward(CpuProgram program, Buffer table, Buffer logs) {
        FloatBuffer in = table.floats();
        FloatBuffer out = logs == null ? null : logs.floats();
        return loop(program, (tile, row, count) -> soften(tile, in, out, row, count));
    }

    private void soften(Tile tile, FloatBuffer table, FloatBuffer logs, int row, int count) {
        float[] x = tile.x;
        float[] y = tile.y;
        float[] tops = tile.w;
        tile.load(table, row * width, count * width, Float.NEGATIVE_INFINITY);
        for (int r = 0; r < count; r++) {
            tops[r] = top(x, r * width, width);
            shift(x, r * width, width, tops[r]);
        }
        Exponentials.of(tile, 0, 1);
        for (int r = 0; r < count; r++) {
            float sum = sum(y, r * width, width);
            if (logs != null) {
                logs.put(row + r, (float) (tops[r] + Math.log(sum)));
            }
            scale(y, r * width, width, 1 / sum);
        }
        table.put(row * width, y, 0, count * width);
    }

    @Override
    public Runnable again(CpuProgram program, Buffer table, Buffer logs) {
        FloatBuffer in = table.floats();
        FloatBuffer known = logs.floats();
        return loop(program, (tile, row, count) -> {
            tile.load(in, row * width, count * width, Float.NEGATIVE_INFINITY);
            for (int r = 0; r < count; r++) {
                shift(tile.x, r * width, width, known.get(row + r));
            }
            Exponentials.of(tile, 0, 1);
            in.put(row * width, tile.y, 0, count * width);
        });
    }

    @Override
    public Runnable backward(CpuProgram program, Buffer probabilities, Buffer gradients) {
        FloatBuffer table = probabilities.floats();
        FloatBuffer upstream = gradients.floats();
        return loop(program, (tile, row, count) -> back(tile, table, upstream, row * width, count));
    }

    private void back(Tile tile, FloatBuffer table, FloatBuffer gradients, int at, int count) {
        float[] x = tile.x;
        float[] y = tile.y;
        float[] z = tile.z;
        int size = count * width;
        gradients.get(at, x, 0, size);
        table.get(at, y, 0, size);
        for (int i = 0; i < size; i++) {
            z[i] = x[i] * y[i];
        }
        for (int r = 0; r < count; r++) {
            shift(x, r * width, width, sum(z, r * width, width));
        }
        for (int i = 0; i < size; i++) {
            x[i] *= y[i];
        }
        gradients.put(at, x, 0, size);
    }

    private static float top(float[] x, int at, int count) {
        float top = x[at];
        for (int i = at + 1; i < at + count; i++) {
            if (x[i] > top) {
                top = x[i];
            }
        }
        return top;
    }

    /** In double, by four sums, none of which waits for another. */
    private static float sum(float[] x, int at, int count) {
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
        return (float) (a + b + (c + d));
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
}
