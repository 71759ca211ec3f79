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
 * oneDNN, exponentials in Java with a running maximum. Products are of all rows, exponentials only of those that take part.
 */
final class QueueContrast {
    /** Multiply-adds or exponentials below which rows are not worth sharing among threads. */
    private static final int GRAIN = 8192;

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

    /** Running maximum and sum of each row; its positive is the first term. */
    private static final class LogSums {
        private final QueueRows rows;
        private final double[] positive;
        private final double[] max;
        private final double[] sum;
        private final FloatBuffer log;
        private final IntBuffer rank;

        LogSums(QueueRows rows, FloatBuffer log, IntBuffer rank) {
            this.rows = rows;
            positive = new double[rows.all];
            max = new double[rows.all];
            sum = new double[rows.all];
            this.log = log;
            this.rank = rank;
        }

        void start(int from, int to) {
            for (int r = from; r < to; r++) {
                positive[r] = rows.positive(r);
                max[r] = positive[r];
                sum[r] = 1;
                rank.put(r, 0);
            }
        }

        void add(int from, int to) {
            FloatBuffer logits = rows.logits;
            int columns = rows.columns;
            for (int r = from; r < to; r++) {
                rows.exclude(r);
                double top = max[r];
                int above = 0;
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    double s = logits.get(i) * rows.inverse;
                    top = Math.max(top, s);
                    above += s > positive[r] ? 1 : 0;
                }
                double total = sum[r] * Math.exp(max[r] - top);
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    total += Math.exp(logits.get(i) * rows.inverse - top);
                }
                max[r] = top;
                sum[r] = total;
                rank.put(r, rank.get(r) + above);
            }
        }

        /** Stores the log-sums and returns the mean loss of the rows that take part. */
        double finish(int counted) {
            double losses = 0;
            for (int r = 0; r < counted; r++) {
                double logSum = max[r] + Math.log(sum[r]);
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
            FloatBuffer logits = rows.logits;
            int columns = rows.columns;
            for (int r = from; r < to; r++) {
                rows.exclude(r);
                double logSum = log.get(r);
                double sum = 0;
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    double p = Math.exp(logits.get(i) * rows.inverse - logSum);
                    sum += p;
                    logits.put(i, (float) (scale * p));
                }
                negatives[r] += sum;
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
