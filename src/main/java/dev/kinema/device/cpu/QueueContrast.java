package dev.kinema.device.cpu;

import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;
import dev.kinema.graph.op.Op;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * InfoNCE against a queue, which is worked through in chunks, whose logits are scratch memory and never stored as a whole; products by
 * oneDNN, exponentials in Java. Products are of all rows, exponentials only of those that take part.
 */
final class QueueContrast {
    /** Multiply-adds or exponentials below which rows are not worth sharing among threads. */
    private static final int GRAIN = 32_768;

    private QueueContrast() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InfoNce.class, QueueContrast::queue);
        rules.put(InfoNceGradient.class, QueueContrast::queueGradient);
    }

    private static void queue(Lowering l, Node node) {
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        Buffer q = in.get(0);
        Buffer queue = in.get(2);
        Buffer loss = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        Buffer ranks = l.define(node.output(2));
        QueueChunks chunks = new QueueChunks(l, q.shape().dim(0), queue.shape().dim(0), q.shape().last(), false);
        Buffer logits = l.scratch(Shape.of(q.shape().dim(0), chunks.size(0)), "logits");
        List<Buffer> writes = new ArrayList<>(List.of(loss, logs, ranks, logits));
        chunks.scratch(writes);
        l.step("infonce", in, writes, p -> {
            Runnable[] products = chunks.bind(p, q, queue, logits);
            QueueRows rows = new QueueRows((InfoNce) node.op(), q, in.get(1), in, logits);
            LogSums sums = new LogSums(rows, logs.floats(), ranks.ints());
            Team.Range start = sums::start;
            Team.Range add = sums::add;
            FloatBuffer out = loss.floats();
            return () -> {
                int counted = rows.counted();
                p.team().run(counted, 1 + GRAIN / rows.width, start);
                for (int c = 0; c < products.length; c++) {
                    products[c].run();
                    rows.chunk(chunks.start(c), chunks.size(c));
                    p.team().run(counted, 1 + GRAIN / rows.columns, add);
                }
                out.put(0, (float) sums.finish(counted));
            };
        });
    }

    /**
     * Each row's sum of exponentials, of scores less a shift, which is the positive's score at first, and becomes the largest of a tile
     * where that is so much greater that digits would be lost.
     */
    private static final class LogSums {
        /** Of a tile. */
        private static final float TOO_LARGE = 1e6f;

        private final QueueRows rows;
        private final double[] positive;
        private final float[] shift;
        private final double[] sum;
        private final FloatBuffer log;
        private final IntBuffer rank;

        LogSums(QueueRows rows, FloatBuffer log, IntBuffer rank) {
            this.rows = rows;
            positive = new double[rows.all];
            shift = new float[rows.all];
            sum = new double[rows.all];
            this.log = log;
            this.rank = rank;
        }

        void start(int from, int to) {
            for (int r = from; r < to; r++) {
                positive[r] = rows.positive(r);
                shift[r] = (float) (positive[r] / rows.inverse);
                sum[r] = Math.exp(positive[r] - shift[r] * rows.inverse);
                rank.put(r, 0);
            }
        }

        void add(int from, int to) {
            Tile tile = Tile.own();
            int columns = rows.columns;
            for (int r = from; r < to; r++) {
                rows.exclude(r);
                float bound = (float) (positive[r] / rows.inverse);
                int above = 0;
                for (int i = 0; i < columns; i += Tile.SIZE) {
                    tile.load(rows.logits, r * columns + i, Math.min(Tile.SIZE, columns - i), Float.NEGATIVE_INFINITY);
                    above += Exponentials.above(tile, bound);
                    addExponentials(tile, r);
                }
                rank.put(r, rank.get(r) + above);
            }
        }

        private void addExponentials(Tile tile, int row) {
            Exponentials.of(tile, shift[row], rows.inverse);
            float total = Tile.sum(tile.y);
            if (!(total <= TOO_LARGE)) {
                float larger = tile.largest();
                sum[row] *= Math.exp((shift[row] - (double) larger) * rows.inverse);
                shift[row] = larger;
                Exponentials.of(tile, larger, rows.inverse);
                total = Tile.sum(tile.y);
            }
            sum[row] += total;
        }

        /** Stores the log-sums and returns the mean loss of the rows that take part. */
        double finish(int counted) {
            double losses = 0;
            for (int r = 0; r < counted; r++) {
                double logSum = shift[r] * rows.inverse + Math.log(sum[r]);
                log.put(r, (float) logSum);
                losses += logSum - positive[r];
            }
            for (int r = counted; r < rows.all; r++) {
                log.put(r, 0);
                rank.put(r, -1);
            }
            return losses / counted;
        }
    }

    private static void queueGradient(Lowering l, Node node) {
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        Buffer q = in.get(1);
        Buffer queue = in.get(3);
        Buffer dq = l.define(node.output(0));
        Buffer dk = l.define(node.output(1));
        QueueChunks forward = new QueueChunks(l, q.shape().dim(0), queue.shape().dim(0), q.shape().last(), false);
        QueueChunks back = new QueueChunks(l, q.shape().dim(0), queue.shape().dim(0), q.shape().last(), true);
        Buffer logits = l.scratch(Shape.of(q.shape().dim(0), forward.size(0)), "logits");
        List<Buffer> writes = new ArrayList<>(List.of(dq, dk, logits));
        forward.scratch(writes);
        back.scratch(writes);
        l.step("infonce gradient", in, writes, p -> {
            Runnable[] products = forward.bind(p, q, queue, logits);
            Runnable[] sums = back.bind(p, dq, queue, logits);
            QueueRows rows = new QueueRows(((InfoNceGradient) node.op()).forward(), q, in.get(2), in, logits);
            Pulls pulls = new Pulls(rows, in.get(4).floats(), dq.floats(), dk.floats());
            Team.Range start = pulls::start;
            Team.Range weigh = pulls::weigh;
            Team.Range finish = pulls::finish;
            FloatBuffer upstream = in.get(0).floats();
            return () -> {
                pulls.begin(rows.counted(), upstream.get(0));
                p.team().run(rows.all, 1 + GRAIN / rows.width, start);
                for (int c = 0; c < products.length; c++) {
                    products[c].run();
                    rows.chunk(forward.start(c), forward.size(c));
                    p.team().run(pulls.counted, 1 + GRAIN / rows.columns, weigh);
                    sums[c].run();
                }
                p.team().run(rows.all, 1 + GRAIN / rows.width, finish);
            };
        });
    }

    /**
     * Gradients of each row. With p the softmax of its scores and s = dloss / (temperature rows): dq = s (sum_j p_j queue_j - n k) and
     * dk = -s n q, where n = sum_j p_j over the queue is 1 - p_0 without its cancellation.
     */
    private static final class Pulls {
        private final QueueRows rows;
        private final FloatBuffer log;
        private final FloatBuffer dq;
        private final FloatBuffer dk;
        private final double[] negatives;
        private double scale;
        int counted;

        Pulls(QueueRows rows, FloatBuffer log, FloatBuffer dq, FloatBuffer dk) {
            this.rows = rows;
            this.log = log;
            this.dq = dq;
            this.dk = dk;
            negatives = new double[rows.all];
        }

        void begin(int counted, float upstream) {
            this.counted = counted;
            scale = upstream * rows.inverse / counted;
        }

        /** The products of probabilities and queue are added to dq. */
        void start(int from, int to) {
            for (int r = from; r < to; r++) {
                negatives[r] = 0;
                clear(dq, r);
            }
        }

        private void clear(FloatBuffer gradient, int row) {
            for (int i = row * rows.width; i < (row + 1) * rows.width; i++) {
                gradient.put(i, 0);
            }
        }

        /** Logits to probabilities times s. */
        void weigh(int from, int to) {
            Tile tile = Tile.own();
            float[] p = tile.y;
            float[] weighed = tile.z;
            FloatBuffer logits = rows.logits;
            int columns = rows.columns;
            float factor = (float) scale;
            for (int r = from; r < to; r++) {
                rows.exclude(r);
                float shift = (float) (log.get(r) / rows.inverse);
                for (int i = 0; i < columns; i += Tile.SIZE) {
                    int count = Math.min(Tile.SIZE, columns - i);
                    tile.load(logits, r * columns + i, count, Float.NEGATIVE_INFINITY);
                    Exponentials.of(tile, shift, rows.inverse);
                    for (int j = 0; j < Tile.SIZE; j++) {
                        weighed[j] = factor * p[j];
                    }
                    logits.put(r * columns + i, weighed, 0, count);
                    negatives[r] += Tile.sum(p);
                }
            }
        }

        /** Adds what the positive does; padding, into whose dq unweighed logits went, gets zeros. */
        void finish(int from, int to) {
            for (int r = from; r < to; r++) {
                if (r >= counted) {
                    clear(dq, r);
                    clear(dk, r);
                    continue;
                }
                double pull = scale * negatives[r];
                for (int i = r * rows.width; i < (r + 1) * rows.width; i++) {
                    dq.put(i, (float) (dq.get(i) - pull * rows.k.get(i)));
                    dk.put(i, (float) (-pull * rows.q.get(i)));
                }
            }
        }
    }
}
