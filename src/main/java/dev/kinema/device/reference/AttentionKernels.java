package dev.kinema.device.reference;

import dev.kinema.graph.Philox;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.AttentionGradient;

/** Attention, one row (clip, head, query) at a time. */
final class AttentionKernels {
    private AttentionKernels() {}

    static void register(Kernels kernels) {
        kernels.add(Attention.class, AttentionKernels::forward);
        kernels.add(AttentionGradient.class, AttentionKernels::gradient);
    }

    /** The inputs common to both passes: q, k and v of the call from {@code first} on; mask and random state are its last inputs. */
    private static final class Rows {
        final Attention op;
        final double[] q;
        final double[] k;
        final int queries;
        final int keys;
        final int width;
        final int depth;
        final double scale;
        final long[] mask;
        final long[] random;

        Rows(Attention op, Call call, int first) {
            this.op = op;
            q = call.in(first);
            k = call.in(first + 1);
            Shape shape = call.shape(first);
            queries = shape.dim(1);
            keys = call.shape(first + 1).dim(1);
            width = shape.dim(2);
            depth = width / op.heads();
            scale = 1 / Math.sqrt(depth);
            random = op.dropout() > 0 ? call.integers(call.inputs() - 1) : null;
            mask = op.masked() ? call.integers(call.inputs() - (op.dropout() > 0 ? 2 : 1)) : null;
        }

        int queryAt(int b, int h, int i) {
            return (b * queries + i) * width + h * depth;
        }

        int keyAt(int b, int h, int j) {
            return (b * keys + j) * width + h * depth;
        }

        int row(int b, int h, int i) {
            return (b * op.heads() + h) * queries + i;
        }

        boolean sees(int b, int i, int j) {
            return !(op.masked() && mask[b * keys + j] != 0) && !(op.causal() && j > i + keys - queries);
        }

        /** q . k / sqrt(d) per key, -infinity where the key is not seen. */
        double[] scores(int b, int h, int i) {
            double[] scores = new double[keys];
            for (int j = 0; j < keys; j++) {
                scores[j] = sees(b, i, j) ? scale * Vectors.dot(q, queryAt(b, h, i), k, keyAt(b, h, j), depth) : Double.NEGATIVE_INFINITY;
            }
            return scores;
        }

        /** What dropout multiplies each probability of a row with. */
        double[] kept(int row) {
            double[] kept = new double[keys];
            Philox philox = op.dropout() > 0 ? new Philox(random[0], random[1], op.salt()) : null;
            for (int j = 0; j < keys; j++) {
                kept[j] = philox == null ? 1 : philox.uniform((long) row * keys + j) >= op.dropout() ? 1 / (1 - op.dropout()) : 0;
            }
            return kept;
        }
    }

    private static void forward(Attention op, Call call) {
        Rows rows = new Rows(op, call, 0);
        int heads = op.heads();
        call.rows(call.shape(0).dim(0) * heads, (from, to) -> {
            for (int bh = from; bh < to; bh++) {
                for (int i = 0; i < rows.queries; i++) {
                    forwardRow(rows, call, bh / heads, bh % heads, i);
                }
            }
        });
    }

    private static void forwardRow(Rows rows, Call call, int b, int h, int i) {
        double[] scores = rows.scores(b, h, i);
        double logSum = Vectors.logSumExp(scores, 0, rows.keys);
        if (logSum == Double.NEGATIVE_INFINITY) {
            return;
        }
        int row = rows.row(b, h, i);
        double[] kept = rows.kept(row);
        call.out(1)[row] = logSum;
        for (int j = 0; j < rows.keys; j++) {
            double probability = Math.exp(scores[j] - logSum) * kept[j];
            Vectors.add(call.out(0), rows.queryAt(b, h, i), probability, call.in(2), rows.keyAt(b, h, j), rows.depth);
        }
    }

    private static void gradient(AttentionGradient op, Call call) {
        Rows rows = new Rows(op.forward(), call, 1);
        int heads = op.forward().heads();
        call.rows(call.shape(1).dim(0) * heads, (from, to) -> {
            for (int bh = from; bh < to; bh++) {
                for (int i = 0; i < rows.queries; i++) {
                    gradientRow(rows, call, bh / heads, bh % heads, i);
                }
            }
        });
    }

    /**
     * With P the probabilities, m what dropout multiplies them with, and dP_j = m_j dy . v_j: dv_j += P_j m_j dy, dS_j = P_j (dP_j - sum P dP),
     * dq = sum dS_j k_j / sqrt(d), dk_j += dS_j q / sqrt(d); sum P dP is dy . y.
     */
    private static void gradientRow(Rows rows, Call call, int b, int h, int i) {
        double[] dy = call.in(0);
        double[] scores = rows.scores(b, h, i);
        int at = rows.queryAt(b, h, i);
        int row = rows.row(b, h, i);
        double[] kept = rows.kept(row);
        double along = Vectors.dot(dy, at, call.in(4), at, rows.depth);
        for (int j = 0; j < rows.keys; j++) {
            if (scores[j] == Double.NEGATIVE_INFINITY) {
                continue;
            }
            int keyAt = rows.keyAt(b, h, j);
            double probability = Math.exp(scores[j] - call.in(5)[row]);
            double dProbability = kept[j] * Vectors.dot(dy, at, call.in(3), keyAt, rows.depth);
            double dScore = probability * (dProbability - along) * rows.scale;
            Vectors.add(call.out(2), keyAt, probability * kept[j], dy, at, rows.depth);
            Vectors.add(call.out(0), at, dScore, rows.k, keyAt, rows.depth);
            Vectors.add(call.out(1), keyAt, dScore, rows.q, at, rows.depth);
        }
    }
}
