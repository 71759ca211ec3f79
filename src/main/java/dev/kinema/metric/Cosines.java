package dev.kinema.metric;

import java.util.Arrays;

/**
 * Cosines of a feature with many rows, block by block.
 *
 * <p>A block holds its rows' directions by columns, so that one number of the feature is multiplied by the same column of all its rows:
 * neighbours in memory, which the virtual machine's compiler turns into vector instructions. It may not do so with a sum along a row, whose
 * order Java prescribes. Each cosine is a sum in single precision in the order of columns, two at a time, whatever the row's place: equal
 * rows have equal cosines.
 */
final class Cosines {
    /** Rows per block: at 128 numbers a row the block stays in a core's second cache while several features are compared with it. */
    private static final int ROWS = 256;
    /** Columns that are added at once, which saves loads and stores of the sums. */
    private static final int AT_ONCE = 2;

    private final int rows;
    private final int width;
    /** [blocks][columns][ROWS]; columns up to a multiple of {@link #AT_ONCE}, and what is beyond the last row and column is 0. */
    private final float[][][] blocks;

    /** Directions of rows [n][d], of finite numbers. */
    Cosines(float[][] rows) {
        this.rows = rows.length;
        width = columns(rows[0].length);
        blocks = new float[(rows.length + ROWS - 1) / ROWS][width][ROWS];
        for (int row = 0; row < rows.length; row++) {
            float[] direction = direction(rows[row]);
            for (int i = 0; i < width; i++) {
                blocks[row / ROWS][i][row % ROWS] = direction[i];
            }
        }
    }

    private static int columns(int numbers) {
        return (numbers + AT_ONCE - 1) / AT_ONCE * AT_ONCE;
    }

    /** A row divided by its length as {@link #of} takes it, or zeros. */
    static float[] direction(float[] row) {
        double scale = Features.scale(row);
        float[] direction = new float[columns(row.length)];
        for (int i = 0; i < row.length; i++) {
            direction[i] = (float) (row[i] * scale);
        }
        return direction;
    }

    int rows() {
        return rows;
    }

    int blocks() {
        return blocks.length;
    }

    /** Number of a block's first row. */
    int first(int block) {
        return block * ROWS;
    }

    /** Rows of a block; fewer in the last. */
    int count(int block) {
        return Math.min(ROWS, rows - first(block));
    }

    /** Memory for the cosines of any block. */
    static float[] room() {
        return new float[ROWS];
    }

    /** Writes the cosines of a block's rows with a {@link #direction} to the first {@link #count} places of {@link #room}. */
    void of(int block, float[] direction, float[] cosines) {
        Arrays.fill(cosines, 0);
        float[][] columns = blocks[block];
        for (int i = 0; i < width; i += AT_ONCE) {
            add(direction[i], columns[i], direction[i + 1], columns[i + 1], cosines);
        }
    }

    /** Adds the products of two columns. Each is an array counted like the sums: of one array with offsets the compiler makes no vectors. */
    private static void add(float a, float[] first, float b, float[] second, float[] sums) {
        for (int j = 0; j < ROWS; j++) {
            sums[j] += a * first[j] + b * second[j];
        }
    }
}
