package dev.kinema.device.cpu;

import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InBatchInfoNceGradient;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;
import dev.kinema.graph.op.Op;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * InfoNCE: the queue is worked through in chunks, whose logits are scratch memory and never stored as a whole; products by oneDNN,
 * exponentials in Java with a running maximum.
 */
final class Contrastive {
    /** Queue rows whose logits are held at once. */
    private static final int CHUNK = 4096;

    private Contrastive() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InfoNce.class, Contrastive::queue);
        rules.put(InfoNceGradient.class, Contrastive::queueGradient);
        rules.put(InBatchInfoNce.class, Contrastive::batch);
        rules.put(InBatchInfoNceGradient.class, Contrastive::batchGradient);
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

    private static void batch(Lowering l, Node node) {
        Pairs pairs = new Pairs(l, l.plain(node.input(0)), l.plain(node.input(1)), ((InBatchInfoNce) node.op()).temperature());
        Buffer loss = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        List<Buffer> writes = new ArrayList<>(List.of(loss, logs));
        writes.addAll(pairs.scratch());
        l.step("infonce in batch", List.of(pairs.a, pairs.b), writes, p -> {
            Runnable products = pairs.bind(p);
            FloatBuffer log = logs.floats();
            FloatBuffer out = loss.floats();
            FloatBuffer cross = pairs.cross.floats();
            FloatBuffer[] same = {pairs.left.floats(), pairs.right.floats()};
            return () -> {
                products.run();
                double sum = 0;
                for (int side = 0; side < 2; side++) {
                    for (int i = 0; i < pairs.n; i++) {
                        double lse = pairs.logSum(cross, same[side], side, i);
                        log.put(side * pairs.n + i, (float) lse);
                        sum += lse - cross.get(i * pairs.n + i) * pairs.inverse;
                    }
                }
                out.put(0, (float) (sum / pairs.n));
            };
        });
    }

    private static void batchGradient(Lowering l, Node node) {
        Pairs pairs = new Pairs(l, l.plain(node.input(1)), l.plain(node.input(2)), ((InBatchInfoNceGradient) node.op()).temperature());
        Buffer upstream = l.plain(node.input(0));
        Buffer logs = l.plain(node.input(3));
        Buffer da = l.define(node.output(0));
        Buffer db = l.define(node.output(1));
        int n = pairs.n;
        int width = pairs.a.shape().last();
        Gemm fresh = Gemm.of(l, n, width, n, false, false, false);
        Gemm freshTransposed = Gemm.of(l, n, width, n, true, false, false);
        Gemm more = Gemm.of(l, n, width, n, false, false, true);
        List<Buffer> writes = new ArrayList<>(List.of(da, db));
        writes.addAll(pairs.scratch());
        for (Gemm gemm : List.of(fresh, freshTransposed, more)) {
            if (gemm.scratch() != null) {
                writes.add(gemm.scratch());
            }
        }
        l.step("infonce in batch gradient", List.of(upstream, pairs.a, pairs.b, logs), writes, p -> {
            Runnable products = pairs.bind(p);
            FloatBuffer g = upstream.floats();
            FloatBuffer log = logs.floats();
            FloatBuffer cross = pairs.cross.floats();
            FloatBuffer[] same = {pairs.left.floats(), pairs.right.floats()};
            long a = pairs.a.storage().address();
            long b = pairs.b.storage().address();
            Runnable[] back = {
                fresh.bind(p, pairs.cross.storage().address(), b, da.storage().address()),
                more.bind(p, pairs.left.storage().address(), a, da.storage().address()),
                freshTransposed.bind(p, pairs.cross.storage().address(), a, db.storage().address()),
                more.bind(p, pairs.right.storage().address(), b, db.storage().address())};
            return () -> {
                products.run();
                pairs.gradients(cross, same, log, g.get(0) * pairs.inverse / n);
                for (Runnable r : back) {
                    r.run();
                }
            };
        });
    }

    /** The three tables of products between two views: a b^T, a a^T and b b^T, each [N, N]. */
    private static final class Pairs {
        final Buffer a;
        final Buffer b;
        final int n;
        final double inverse;
        final Buffer cross;
        final Buffer left;
        final Buffer right;
        private final Gemm gemm;

        Pairs(Lowering l, Buffer a, Buffer b, double temperature) {
            this.a = a;
            this.b = b;
            this.n = a.shape().dim(0);
            this.inverse = 1 / temperature;
            gemm = Gemm.of(l, n, n, a.shape().last(), false, true, false);
            cross = l.scratch(Shape.of(n, n), "cross");
            left = l.scratch(Shape.of(n, n), "left");
            right = l.scratch(Shape.of(n, n), "right");
        }

        List<Buffer> scratch() {
            return gemm.scratch() == null ? List.of(cross, left, right) : List.of(cross, left, right, gemm.scratch());
        }

        Runnable bind(CpuProgram p) {
            long x = a.storage().address();
            long y = b.storage().address();
            Runnable xy = gemm.bind(p, x, y, cross.storage().address());
            Runnable xx = gemm.bind(p, x, x, left.storage().address());
            Runnable yy = gemm.bind(p, y, y, right.storage().address());
            return () -> {
                xy.run();
                xx.run();
                yy.run();
            };
        }

        private int crossAt(int side, int i, int j) {
            return side == 0 ? i * n + j : j * n + i;
        }

        double logSum(FloatBuffer products, FloatBuffer same, int side, int i) {
            double max = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < n; j++) {
                max = Math.max(max, products.get(crossAt(side, i, j)) * inverse);
                max = j == i ? max : Math.max(max, same.get(i * n + j) * inverse);
            }
            double sum = 0;
            for (int j = 0; j < n; j++) {
                sum += Math.exp(products.get(crossAt(side, i, j)) * inverse - max);
                sum += j == i ? 0 : Math.exp(same.get(i * n + j) * inverse - max);
            }
            return max + Math.log(sum);
        }

        /** Products to their gradients, in place; a a^T and b b^T are symmetric, so each pair's two terms are added. */
        void gradients(FloatBuffer products, FloatBuffer[] same, FloatBuffer log, double scale) {
            for (int side = 0; side < 2; side++) {
                for (int i = 0; i < n; i++) {
                    for (int j = i; j < n; j++) {
                        double s = same[side].get(i * n + j) * inverse;
                        double both = Math.exp(s - log.get(side * n + i)) + Math.exp(s - log.get(side * n + j));
                        float value = i == j ? 0 : (float) (scale * both);
                        same[side].put(i * n + j, value);
                        same[side].put(j * n + i, value);
                    }
                }
            }
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    double s = products.get(i * n + j) * inverse;
                    double both = Math.exp(s - log.get(i)) + Math.exp(s - log.get(n + j));
                    products.put(i * n + j, (float) (scale * (i == j ? both - 2 : both)));
                }
            }
        }
    }
}
