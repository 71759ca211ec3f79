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
 * InfoNCE against a queue, which is worked through in chunks, whose logits are scratch memory and never stored as a whole; products by oneDNN,
 * exponentials in Java with a running maximum.
 */
final class QueueContrast {
    /** Queue rows whose logits are held at once. */
    private static final int CHUNK = 4096;

    private QueueContrast() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InfoNce.class, QueueContrast::queue);
        rules.put(InfoNceGradient.class, QueueContrast::queueGradient);
    }

    private static double dot(FloatBuffer a, FloatBuffer b, int rowA, int rowB, int width) {
        double sum = 0;
        for (int i = 0; i < width; i++) {
            sum += (double) a.get(rowA * width + i) * b.get(rowB * width + i);
        }
        return sum;
    }

    /** The products of one operand with every chunk of a queue [K, D]: full chunks share one primitive, a last short one has its own. */
    private static final class Chunks {
        final int count;
        private final int keys;
        private final int width;
        private final Gemm full;
        private final Gemm last;

        /** @param back false: logits [R, chunk] = q queue^T; true: dq [R, D] += logits queue */
        Chunks(Lowering l, int rows, int keys, int width, boolean back) {
            this.keys = keys;
            this.width = width;
            int size = Math.min(CHUNK, keys);
            count = (keys + size - 1) / size;
            full = gemm(l, rows, size, width, back);
            last = keys % size == 0 ? full : gemm(l, rows, keys % size, width, back);
        }

        private static Gemm gemm(Lowering l, int rows, int size, int width, boolean back) {
            return back ? Gemm.of(l, rows, width, size, false, false, true) : Gemm.of(l, rows, size, width, false, true, false);
        }

        int size(int chunk) {
            return Math.min(Math.min(CHUNK, keys), keys - chunk * CHUNK);
        }

        void scratch(List<Buffer> into) {
            if (full.scratch() != null) {
                into.add(full.scratch());
            }
            if (last != full && last.scratch() != null) {
                into.add(last.scratch());
            }
        }

        Runnable[] bind(CpuProgram p, boolean back, Buffer rows, Buffer queue, Buffer logits) {
            Runnable[] runs = new Runnable[count];
            for (int c = 0; c < count; c++) {
                Gemm gemm = c == count - 1 ? last : full;
                long part = queue.storage().address() + 4L * c * CHUNK * width;
                runs[c] = back ? gemm.bind(p, logits.storage().address(), part, rows.storage().address())
                    : gemm.bind(p, rows.storage().address(), part, logits.storage().address());
            }
            return runs;
        }
    }

    private static void queue(Lowering l, Node node) {
        double inverse = 1 / ((InfoNce) node.op()).temperature();
        Buffer q = l.plain(node.input(0));
        Buffer k = l.plain(node.input(1));
        Buffer queue = l.plain(node.input(2));
        Buffer loss = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        Buffer ranks = l.define(node.output(2));
        int rows = q.shape().dim(0);
        int width = q.shape().last();
        Chunks chunks = new Chunks(l, rows, queue.shape().dim(0), width, false);
        Buffer logits = l.scratch(Shape.of(rows, chunks.size(0)), "logits");
        List<Buffer> writes = new ArrayList<>(List.of(loss, logs, ranks, logits));
        chunks.scratch(writes);
        l.step("infonce", List.of(q, k, queue), writes, p -> {
            Runnable[] products = chunks.bind(p, false, q, queue, logits);
            QueueRows state = new QueueRows(rows, width, inverse, q.floats(), k.floats(), logits.floats(), ranks.ints());
            Team.Range start = state::start;
            Team.Range add = state::add;
            FloatBuffer out = loss.floats();
            FloatBuffer log = logs.floats();
            return () -> {
                p.team().run(rows, 1 + 8192 / width, start);
                for (int c = 0; c < products.length; c++) {
                    products[c].run();
                    state.columns = chunks.size(c);
                    p.team().run(rows, 1 + 8192 / state.columns, add);
                }
                double sum = 0;
                for (int r = 0; r < rows; r++) {
                    double lse = state.max[r] + Math.log(state.sum[r]);
                    log.put(r, (float) lse);
                    sum += lse - state.positive[r];
                }
                out.put(0, (float) (sum / rows));
            };
        });
    }

    /** Running maximum and sum of each row; its positive is the first term. */
    private static final class QueueRows {
        final double[] positive;
        final double[] max;
        final double[] sum;
        int columns;
        private final int width;
        private final double inverse;
        private final FloatBuffer q;
        private final FloatBuffer k;
        private final FloatBuffer logits;
        private final IntBuffer rank;

        QueueRows(int rows, int width, double inverse, FloatBuffer q, FloatBuffer k, FloatBuffer logits, IntBuffer rank) {
            positive = new double[rows];
            max = new double[rows];
            sum = new double[rows];
            this.width = width;
            this.inverse = inverse;
            this.q = q;
            this.k = k;
            this.logits = logits;
            this.rank = rank;
        }

        void start(int from, int to) {
            for (int r = from; r < to; r++) {
                positive[r] = dot(q, k, r, r, width) * inverse;
                max[r] = positive[r];
                sum[r] = 1;
                rank.put(r, 0);
            }
        }

        void add(int from, int to) {
            for (int r = from; r < to; r++) {
                double top = max[r];
                int above = 0;
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    double s = logits.get(i) * inverse;
                    top = Math.max(top, s);
                    above += s > positive[r] ? 1 : 0;
                }
                double total = sum[r] * Math.exp(max[r] - top);
                for (int i = r * columns; i < (r + 1) * columns; i++) {
                    total += Math.exp(logits.get(i) * inverse - top);
                }
                max[r] = top;
                sum[r] = total;
                rank.put(r, rank.get(r) + above);
            }
        }
    }

    private static void queueGradient(Lowering l, Node node) {
        double inverse = 1 / ((InfoNceGradient) node.op()).temperature();
        Buffer upstream = l.plain(node.input(0));
        Buffer q = l.plain(node.input(1));
        Buffer k = l.plain(node.input(2));
        Buffer queue = l.plain(node.input(3));
        Buffer logs = l.plain(node.input(4));
        Buffer dq = l.define(node.output(0));
        Buffer dk = l.define(node.output(1));
        int rows = q.shape().dim(0);
        int width = q.shape().last();
        int keys = queue.shape().dim(0);
        Chunks forward = new Chunks(l, rows, keys, width, false);
        Chunks back = new Chunks(l, rows, keys, width, true);
        Buffer logits = l.scratch(Shape.of(rows, forward.size(0)), "logits");
        List<Buffer> writes = new ArrayList<>(List.of(dq, dk, logits));
        forward.scratch(writes);
        back.scratch(writes);
        l.step("infonce gradient", List.of(upstream, q, k, queue, logs), writes, p -> {
            Runnable[] products = forward.bind(p, false, q, queue, logits);
            Runnable[] sums = back.bind(p, true, dq, queue, logits);
            FloatBuffer g = upstream.floats();
            FloatBuffer x = q.floats();
            FloatBuffer key = k.floats();
            FloatBuffer log = logs.floats();
            FloatBuffer s = logits.floats();
            FloatBuffer toQ = dq.floats();
            FloatBuffer toK = dk.floats();
            int[] columns = new int[1];
            Team.Range positives = (from, to) -> {
                double scale = g.get(0) * inverse / rows;
                for (int r = from; r < to; r++) {
                    double p0 = Math.exp(dot(x, key, r, r, width) * inverse - log.get(r)) - 1;
                    for (int i = r * width; i < (r + 1) * width; i++) {
                        toQ.put(i, (float) (scale * p0 * key.get(i)));
                        toK.put(i, (float) (scale * p0 * x.get(i)));
                    }
                }
            };
            Team.Range negatives = (from, to) -> {
                double scale = g.get(0) * inverse / rows;
                for (int r = from; r < to; r++) {
                    for (int i = r * columns[0]; i < (r + 1) * columns[0]; i++) {
                        s.put(i, (float) (scale * Math.exp(s.get(i) * inverse - log.get(r))));
                    }
                }
            };
            return () -> {
                p.team().run(rows, 1 + 8192 / width, positives);
                for (int c = 0; c < products.length; c++) {
                    products[c].run();
                    columns[0] = forward.size(c);
                    p.team().run(rows, 1 + 8192 / columns[0], negatives);
                    sums[c].run();
                }
            };
        });
    }
}
