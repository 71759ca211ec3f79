package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.graph.op.InfoNce;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;

/**
 * The rows of a contrast against a queue, with the logits of the chunk that is being worked on: how many rows take part, and which keys
 * each of them is not told from. To be made when addresses are known.
 */
final class QueueRows {
    final int all;
    final int width;
    final double inverse;
    final FloatBuffer q;
    final FloatBuffer k;
    final FloatBuffer logits;
    /** How many rows take part in this run. */
    int counted;
    /** Keys of the chunk, which are the columns of {@link #logits}. */
    int columns;
    private int firstKey;
    private final IntBuffer count;
    private final IntBuffer owners;
    private final IntBuffer queueOwners;

    /**
     * @param in the inputs of the operation, of which count and owners are the last
     * @param logits of a chunk; null where none is worked on
     */
    QueueRows(InfoNce op, Buffer q, Buffer k, List<Buffer> in, Buffer logits) {
        all = q.shape().dim(0);
        width = q.shape().last();
        inverse = 1 / op.temperature();
        this.q = q.floats();
        this.k = k.floats();
        this.logits = logits == null ? null : logits.floats();
        int inputs = in.size();
        owners = op.owned() ? in.get(inputs - 2).ints() : null;
        queueOwners = op.owned() ? in.get(inputs - 1).ints() : null;
        count = op.counted() ? in.get(inputs - (op.owned() ? 3 : 1)).ints() : null;
    }

    /** Looks at how many rows take part in this run, and returns it. */
    int begin() {
        counted = all;
        if (count != null) {
            counted = count.get(0);
            if (counted < 1 || counted > all) {
                throw new KinemaException("count " + counted + " is not one of 1 to " + all + " rows:"
                    + " leave the step out where no row takes part");
            }
        }
        return counted;
    }

    /** The logits now hold the products of a chunk. */
    void chunk(int firstKey, int columns) {
        this.firstKey = firstKey;
        this.columns = columns;
    }

    /** The product of a row with its own key, over the temperature. */
    double positive(int row) {
        double sum = 0;
        for (int i = row * width; i < (row + 1) * width; i++) {
            sum += (double) q.get(i) * k.get(i);
        }
        return sum * inverse;
    }

    /** Puts a row's logits of keys of its own owner to minus infinity, whose exponential is 0. */
    void exclude(int row) {
        if (owners == null || owners.get(row) == InfoNce.NO_OWNER) {
            return;
        }
        int owner = owners.get(row);
        for (int j = 0; j < columns; j++) {
            if (queueOwners.get(firstKey + j) == owner) {
                logits.put(row * columns + j, Float.NEGATIVE_INFINITY);
            }
        }
    }
}
