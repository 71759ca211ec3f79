package dev.kinema.device.cpu;

import java.nio.FloatBuffer;

/**
 * Gradients of each row of a contrast against a queue. With p the softmax of its scores and s = dloss / (temperature rows):
 * dq = s (sum_j p_j queue_j - n k) and dk = -s n q, where n = sum_j p_j over the queue is 1 - p_0 without its cancellation.
 */
final class QueuePulls {
    private final QueueRows rows;
    private final FloatBuffer upstream;
    private final FloatBuffer log;
    private final FloatBuffer pulled;
    private final FloatBuffer negatives;

    /**
     * @param pulled each row's sum of the queue's rows by probabilities, or by what is proportional to them
     * @param negatives the sum of these
     */
    QueuePulls(QueueRows rows, FloatBuffer upstream, FloatBuffer log, FloatBuffer pulled, FloatBuffer negatives) {
        this.rows = rows;
        this.upstream = upstream;
        this.log = log;
        this.pulled = pulled;
        this.negatives = negatives;
    }

    /** To be called before the first {@link #weigh}. */
    void begin() {
        for (int r = 0; r < rows.all; r++) {
            negatives.put(r, 0);
        }
    }

    /** Logits to probabilities. */
    void weigh(int from, int to) {
        Tile tile = Tile.own();
        FloatBuffer logits = rows.logits;
        int columns = rows.columns;
        for (int r = from; r < to; r++) {
            rows.exclude(r);
            float shift = (float) (log.get(r) / rows.inverse);
            float sum = negatives.get(r);
            for (int i = 0; i < columns; i += Tile.SIZE) {
                int count = Math.min(Tile.SIZE, columns - i);
                tile.load(logits, r * columns + i, count, Float.NEGATIVE_INFINITY);
                Exponentials.of(tile, shift, rows.inverse);
                logits.put(r * columns + i, tile.y, 0, count);
                sum += Tile.sum(tile.y);
            }
            negatives.put(r, sum);
        }
    }

    /**
     * What brings the gradients of some rows to dq and dk, of which dq may be where the keys are pulled to. Padding gets zeros.
     *
     * @param shift what is pulled is by exponentials of scores less this; NaN: by probabilities
     */
    Team.Range into(FloatBuffer dq, FloatBuffer dk, double shift) {
        return (from, to) -> {
            for (int r = from; r < to; r++) {
                double probability = Double.isNaN(shift) ? 1 : Math.exp(shift - log.get(r));
                row(r, probability, dq, dk);
            }
        };
    }

    private void row(int row, double probability, FloatBuffer dq, FloatBuffer dk) {
        boolean counts = row < rows.counted;
        double scale = upstream.get(0) * rows.inverse / rows.counted * probability;
        double push = scale * negatives.get(row);
        for (int i = row * rows.width; i < (row + 1) * rows.width; i++) {
            dq.put(i, counts ? (float) (scale * pulled.get(i) - push * rows.k.get(i)) : 0);
            dk.put(i, counts ? (float) (-push * rows.q.get(i)) : 0);
        }
    }
}
