package dev.kinema.device.reference;

import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InBatchInfoNceGradient;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;

/** InfoNCE against a queue and within a batch. */
final class ContrastiveLosses {
    private ContrastiveLosses() {}

    static void register(Kernels kernels) {
        kernels.add(InfoNce.class, ContrastiveLosses::queue);
        kernels.add(InfoNceGradient.class, ContrastiveLosses::queueGradient);
        kernels.add(InBatchInfoNce.class, ContrastiveLosses::inBatch);
        kernels.add(InBatchInfoNceGradient.class, ContrastiveLosses::inBatchGradient);
    }

    /** Scores of query row {@code r}: its positive, then all of the queue. */
    private static double[] scores(double[] q, double[] k, double[] queue, int r, int width, double temperature) {
        double[] scores = new double[1 + queue.length / width];
        scores[0] = Vectors.dot(q, r * width, k, r * width, width) / temperature;
        for (int j = 1; j < scores.length; j++) {
            scores[j] = Vectors.dot(q, r * width, queue, (j - 1) * width, width) / temperature;
        }
        return scores;
    }

    private static void queue(InfoNce op, Call call) {
        int width = call.shape(0).last();
        int rows = call.shape(0).dim(0);
        double[] losses = new double[rows];
        double[] logSums = call.out(1);
        long[] ranks = call.outIntegers(2);
        call.rows(rows, (from, to) -> {
            for (int r = from; r < to; r++) {
                double[] scores = scores(call.in(0), call.in(1), call.in(2), r, width, op.temperature());
                logSums[r] = Vectors.logSumExp(scores, 0, scores.length);
                losses[r] = logSums[r] - scores[0];
                for (double score : scores) {
                    ranks[r] += score > scores[0] ? 1 : 0;
                }
            }
        });
        for (double loss : losses) {
            call.out(0)[0] += loss / rows;
        }
    }

    /** With p the softmax of a row's scores: dq = ((p_0 - 1) k + sum p_j queue_j) / (temperature rows), dk = (p_0 - 1) q / (temperature rows). */
    private static void queueGradient(InfoNceGradient op, Call call) {
        double[] q = call.in(1);
        double[] k = call.in(2);
        double[] queue = call.in(3);
        double[] dq = call.out(0);
        double[] dk = call.out(1);
        int width = call.shape(1).last();
        int rows = call.shape(1).dim(0);
        double each = call.scalar(0) / (op.temperature() * rows);
        call.rows(rows, (from, to) -> {
            for (int r = from; r < to; r++) {
                double[] scores = scores(q, k, queue, r, width, op.temperature());
                double positive = (Math.exp(scores[0] - call.in(4)[r]) - 1) * each;
                Vectors.add(dq, r * width, positive, k, r * width, width);
                Vectors.add(dk, r * width, positive, q, r * width, width);
                for (int j = 1; j < scores.length; j++) {
                    Vectors.add(dq, r * width, Math.exp(scores[j] - call.in(4)[r]) * each, queue, (j - 1) * width, width);
                }
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
