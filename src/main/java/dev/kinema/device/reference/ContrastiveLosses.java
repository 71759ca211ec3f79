package dev.kinema.device.reference;

import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InBatchInfoNceGradient;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;
import java.util.Arrays;

/** InfoNCE against a queue and within a batch. */
final class ContrastiveLosses {
    private ContrastiveLosses() {}

    static void register(Kernels kernels) {
        kernels.add(InfoNce.class, ContrastiveLosses::queue);
        kernels.add(InfoNceGradient.class, ContrastiveLosses::queueGradient);
        kernels.add(InBatchInfoNce.class, ContrastiveLosses::inBatch);
        kernels.add(InBatchInfoNceGradient.class, ContrastiveLosses::inBatchGradient);
    }

    /** The rows that take part and their scores: q, k and queue of the call from {@code first} on; count and owners are its last inputs. */
    private static final class Rows {
        final double[] q;
        final double[] k;
        final double[] queue;
        final int all;
        final int counted;
        final int width;
        private final double temperature;
        private final long[] owners;
        private final long[] queueOwners;

        Rows(InfoNce op, Call call, int first) {
            q = call.in(first);
            k = call.in(first + 1);
            queue = call.in(first + 2);
            all = call.shape(first).dim(0);
            width = call.shape(first).last();
            temperature = op.temperature();
            owners = op.owned() ? call.integers(call.inputs() - 2) : null;
            queueOwners = op.owned() ? call.integers(call.inputs() - 1) : null;
            counted = op.counted() ? (int) counted(call, call.integers(call.inputs() - (op.owned() ? 3 : 1))[0]) : all;
        }

        private long counted(Call call, long count) {
            if (count < 1 || count > all) {
                throw call.error("count " + count + " is not one of 1 to " + all + " rows: leave the step out where no row takes part");
            }
            return count;
        }

        /** Scores of row {@code r}: its positive, then all of the queue, keys of its own owner at -infinity. */
        double[] scores(int r) {
            double[] scores = new double[1 + queue.length / width];
            scores[0] = Vectors.dot(q, r * width, k, r * width, width) / temperature;
            for (int j = 1; j < scores.length; j++) {
                boolean own = owners != null && owners[r] != InfoNce.NO_OWNER && owners[r] == queueOwners[j - 1];
                scores[j] = own ? Double.NEGATIVE_INFINITY : Vectors.dot(q, r * width, queue, (j - 1) * width, width) / temperature;
            }
            return scores;
        }
    }

    private static void queue(InfoNce op, Call call) {
        Rows rows = new Rows(op, call, 0);
        double[] losses = new double[rows.counted];
        double[] logSums = call.out(1);
        long[] ranks = call.outIntegers(2);
        call.rows(rows.counted, (from, to) -> {
            for (int r = from; r < to; r++) {
                double[] scores = rows.scores(r);
                logSums[r] = Vectors.logSumExp(scores, 0, scores.length);
                losses[r] = logSums[r] - scores[0];
                for (double score : scores) {
                    ranks[r] += score > scores[0] ? 1 : 0;
                }
            }
        });
        Arrays.fill(ranks, rows.counted, rows.all, -1);
        for (double loss : losses) {
            call.out(0)[0] += loss / rows.counted;
        }
    }

    /**
     * With p the softmax of a row's scores and s = 1 / (temperature rows): dq = s (sum_j p_j queue_j - n k) and dk = -s n q, where n =
     * sum_j p_j is 1 - p_0 without its cancellation.
     */
    private static void queueGradient(InfoNceGradient op, Call call) {
        Rows rows = new Rows(op.forward(), call, 1);
        double[] logSums = call.in(4);
        double[] dq = call.out(0);
        double[] dk = call.out(1);
        int width = rows.width;
        double each = call.scalar(0) / (op.forward().temperature() * rows.counted);
        call.rows(rows.counted, (from, to) -> {
            for (int r = from; r < to; r++) {
                double[] scores = rows.scores(r);
                double negatives = 0;
                for (int j = 1; j < scores.length; j++) {
                    double p = Math.exp(scores[j] - logSums[r]);
                    negatives += p;
                    Vectors.add(dq, r * width, p * each, rows.queue, (j - 1) * width, width);
                }
                Vectors.add(dq, r * width, -negatives * each, rows.k, r * width, width);
                Vectors.add(dk, r * width, -negatives * each, rows.q, r * width, width);
            }
        });
    }

    /**
     * Scores of row i of {@code a}: against all rows of {@code b}, then against all of {@code a}, itself at -infinity.
     */
    private static double[] scores(double[] a, double[] b, int i, int width, double temperature) {
        int n = a.length / width;
        double[] scores = new double[2 * n];
        for (int j = 0; j < n; j++) {
            scores[j] = Vectors.dot(a, i * width, b, j * width, width) / temperature;
            scores[n + j] = j == i ? Double.NEGATIVE_INFINITY : Vectors.dot(a, i * width, a, j * width, width) / temperature;
        }
        return scores;
    }

    private static void inBatch(InBatchInfoNce op, Call call) {
        int n = call.shape(0).dim(0);
        int width = call.shape(0).dim(1);
        for (int way = 0; way < 2; way++) {
            for (int i = 0; i < n; i++) {
                double[] scores = scores(call.in(way), call.in(1 - way), i, width, op.temperature());
                double logSum = Vectors.logSumExp(scores, 0, scores.length);
                call.out(1)[way * n + i] = logSum;
                call.out(0)[0] += (logSum - scores[i]) / n;
            }
        }
    }

    private static void inBatchGradient(InBatchInfoNceGradient op, Call call) {
        int n = call.shape(1).dim(0);
        int width = call.shape(1).dim(1);
        double each = call.scalar(0) / (op.temperature() * n);
        for (int way = 0; way < 2; way++) {
            double[] a = call.in(1 + way);
            double[] b = call.in(2 - way);
            double[] da = call.out(way);
            double[] db = call.out(1 - way);
            for (int i = 0; i < n; i++) {
                double[] scores = scores(a, b, i, width, op.temperature());
                for (int j = 0; j < 2 * n; j++) {
                    double d = (Math.exp(scores[j] - call.in(3)[way * n + i]) - (j == i ? 1 : 0)) * each;
                    int other = j % n * width;
                    Vectors.add(da, i * width, d, j < n ? b : a, other, width);
                    Vectors.add(j < n ? db : da, other, d, a, i * width, width);
                }
            }
        }
    }
}
