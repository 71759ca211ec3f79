package dev.kinema.device.cpu;

import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.InBatchInfoNceGradient;
import dev.kinema.graph.op.Op;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** InfoNCE with in-batch negatives: three tables of products by oneDNN, exponentials in Java. */
final class BatchContrast {
    private BatchContrast() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InBatchInfoNce.class, BatchContrast::loss);
        rules.put(InBatchInfoNceGradient.class, BatchContrast::gradient);
    }

    private static void loss(Lowering l, Node node) {
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

    private static void gradient(Lowering l, Node node) {
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
