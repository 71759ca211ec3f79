package dev.kinema.device.cpu;

import dev.kinema.graph.op.Attention;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * Keys that rows of a table [B, heads, queries, keys] are not to see. Their scores become minus infinity before the softmax. A row that
 * sees none has scores of 0 meanwhile, which every softmax takes, and is cleared after it.
 */
final class AttentionMask {
    private final Attention op;
    private final int queries;
    private final int keys;
    private final FloatBuffer table;
    private final FloatBuffer logs;
    /** [B, keys], not 0 for what nothing is to see; null without a mask. */
    private final ByteBuffer padding;
    private final boolean[] blind;
    private final Team.Range hide = this::hide;
    private final Team.Range clear = this::clear;

    /**
     * To be made when addresses are known.
     *
     * @param dims of the table
     * @param logs log-sums to be cleared, too; null for none
     */
    AttentionMask(Attention op, int[] dims, Buffer table, Buffer logs, Buffer padding) {
        this.op = op;
        queries = dims[2];
        keys = dims[3];
        this.table = table.floats();
        this.logs = logs == null ? null : logs.floats();
        this.padding = padding == null ? null : padding.bytes();
        blind = new boolean[dims[0] * dims[1] * queries];
    }

    /** Whether any keys are not to be seen. */
    static boolean hides(Attention op) {
        return op.causal() || op.masked();
    }

    /** A softmax between what is to be done before and after it. */
    Runnable around(Team team, Runnable softmax) {
        int grain = 1 + Elementwise.GRAIN / keys;
        return () -> {
            team.run(blind.length, grain, hide);
            softmax.run();
            team.run(blind.length, grain, clear);
        };
    }

    private void hide(int from, int to) {
        for (int row = from; row < to; row++) {
            int visible = op.causal() ? row % queries + keys - queries + 1 : keys;
            int sample = row / (op.heads() * queries) * keys;
            boolean sees = false;
            for (int key = 0; key < keys; key++) {
                if (key >= visible || padding != null && padding.get(sample + key) != 0) {
                    table.put(row * keys + key, Float.NEGATIVE_INFINITY);
                } else {
                    sees = true;
                }
            }
            blind[row] = !sees;
            if (!sees) {
                fill(row);
            }
        }
    }

    private void clear(int from, int to) {
        for (int row = from; row < to; row++) {
            if (blind[row]) {
                fill(row);
                if (logs != null) {
                    logs.put(row, 0);
                }
            }
        }
    }

    private void fill(int row) {
        for (int i = row * keys; i < (row + 1) * keys; i++) {
            table.put(i, 0);
        }
    }
}
