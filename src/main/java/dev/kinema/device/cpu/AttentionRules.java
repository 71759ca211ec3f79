package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.AttentionGradient;
import dev.kinema.graph.op.Op;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.dnnl.memory;

/**
 * Attention: products by oneDNN straight on the [B, S, D] layout (heads are strides), softmax and masks in Java. The probabilities of one
 * layer are scratch memory; the backward pass computes them again from the saved log-sums.
 */
final class AttentionRules {
    private final Attention op;
    private final int batch;
    private final int queries;
    private final int keys;
    private final int width;

    private AttentionRules(Attention op, Shape q, Shape k) {
        this.op = op;
        this.batch = q.dim(0);
        this.queries = q.dim(1);
        this.keys = k.dim(1);
        this.width = q.dim(2);
    }

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Attention.class, (l, n) ->
            new AttentionRules((Attention) n.op(), n.input(0).shape(), n.input(1).shape()).forward(l, n));
        rules.put(AttentionGradient.class, (l, n) ->
            new AttentionRules(((AttentionGradient) n.op()).forward(), n.input(1).shape(), n.input(2).shape()).backward(l, n));
    }

    /** Rows of heads: [B, heads, S, d] over memory [B, S, heads * d]. */
    private memory.desc heads(int length) {
        int d = width / op.heads();
        return Layouts.strided(DType.F32, new long[] {batch, op.heads(), length, d}, (long) length * width, d, width, 1);
    }

    /** The same with rows and columns exchanged. */
    private memory.desc headsTransposed(int length) {
        int d = width / op.heads();
        return Layouts.strided(DType.F32, new long[] {batch, op.heads(), d, length}, (long) length * width, d, 1, width);
    }

    private memory.desc scores() {
        return Layouts.strided(DType.F32, new long[] {batch, op.heads(), queries, keys}, (long) op.heads() * queries * keys,
            (long) queries * keys, keys, 1);
    }

    private memory.desc scoresTransposed() {
        return Layouts.strided(DType.F32, new long[] {batch, op.heads(), keys, queries}, (long) op.heads() * queries * keys,
            (long) queries * keys, 1, keys);
    }

    private Shape scoreShape() {
        return Shape.of(batch, op.heads(), queries, keys);
    }

    private int rowCount() {
        return batch * op.heads() * queries;
    }

    private static List<Buffer> present(Buffer... buffers) {
        return Stream.of(buffers).filter(Objects::nonNull).toList();
    }

    private void forward(Lowering l, Node node) {
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        Buffer y = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        Buffer probabilities = l.scratch(scoreShape(), "probabilities");
        Gemm score = new Gemm(l, heads(queries), headsTransposed(keys), scores(), false);
        Gemm mix = new Gemm(l, scores(), heads(keys), heads(queries), false);
        l.step("attention", in, present(y, logs, probabilities, score.scratch(), mix.scratch()), p -> {
            Runnable scoring = score.bind(p, address(in.get(0)), address(in.get(1)), address(probabilities));
            Runnable mixing = mix.bind(p, address(probabilities), address(in.get(2)), address(y));
            Softening soften = new Softening(in.subList(3, in.size()), probabilities.floats(), logs.floats());
            Team.Range softmax = soften::rows;
            Runnable dropping = soften.dropping(probabilities.floats(), p.team());
            return () -> {
                scoring.run();
                p.team().run(rowCount(), 1 + 8192 / keys, softmax);
                if (op.dropout() > 0) {
                    dropping.run();
                }
                mixing.run();
            };
        });
    }

    private static long address(Buffer buffer) {
        return buffer.storage().address();
    }

    /** What stands between the two products: scale, masks, softmax, dropout. */
    private final class Softening {
        private final FloatBuffer p;
        private final FloatBuffer logs;
        private final ByteBuffer padding;
        private final LongBuffer random;
        private final DropMask mask = new DropMask(op.dropout(), op.salt());
        private final float scale = (float) (1 / Math.sqrt((double) width / op.heads()));

        /** @param extras mask and random state, those the operation has */
        Softening(List<Buffer> extras, FloatBuffer p, FloatBuffer logs) {
            this.p = p;
            this.logs = logs;
            this.padding = op.masked() ? extras.get(0).bytes() : null;
            this.random = op.dropout() > 0 ? extras.get(extras.size() - 1).longs() : null;
        }

        private boolean sees(int row, int key) {
            int query = row % queries;
            return (!op.causal() || key <= query + keys - queries)
                && (padding == null || padding.get(row / (op.heads() * queries) * keys + key) == 0);
        }

        /** Scores to probabilities and log-sums. */
        void rows(int from, int to) {
            for (int row = from; row < to; row++) {
                int base = row * keys;
                for (int j = 0; j < keys; j++) {
                    p.put(base + j, sees(row, j) ? p.get(base + j) * scale : Float.NEGATIVE_INFINITY);
                }
                double log = Reductions.logSum(p, base, keys);
                boolean blind = log == Double.NEGATIVE_INFINITY;
                logs.put(row, blind ? 0 : (float) log);
                for (int j = 0; j < keys; j++) {
                    p.put(base + j, blind ? 0 : (float) Math.exp(p.get(base + j) - log));
                }
            }
        }

        /** Scores to probabilities with the saved log-sums. */
        void again(int from, int to) {
            for (int row = from; row < to; row++) {
                int base = row * keys;
                double log = logs.get(row);
                for (int j = 0; j < keys; j++) {
                    p.put(base + j, sees(row, j) ? (float) Math.exp(p.get(base + j) * scale - log) : 0);
                }
            }
        }

        /** Drops some of what is in a table of probabilities, or of their gradients: the same ones of both. */
        Runnable dropping(FloatBuffer table, Team team) {
            int elements = rowCount() * keys;
            Team.Range range = mask.over(table, table, elements);
            return () -> {
                mask.begin(random.get(0), random.get(1));
                team.run(DropMask.tiles(elements), Elementwise.GRAIN / Tile.SIZE, range);
            };
        }
    }

    private void backward(Lowering l, Node node) {
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        Buffer dq = l.define(node.output(0));
        Buffer dk = l.define(node.output(1));
        Buffer dv = l.define(node.output(2));
        Buffer probabilities = l.scratch(scoreShape(), "probabilities");
        Buffer gradients = l.scratch(scoreShape(), "score gradients");
        Gemm score = new Gemm(l, heads(queries), headsTransposed(keys), scores(), false);
        Gemm values = new Gemm(l, scoresTransposed(), heads(queries), heads(keys), false);
        Gemm queriesGradient = new Gemm(l, scores(), heads(keys), heads(queries), false);
        l.step("attention gradient", in, present(dq, dk, dv, probabilities, gradients, score.scratch(), values.scratch(),
            queriesGradient.scratch()), p -> {
            long dy = address(in.get(0));
            Runnable scoring = score.bind(p, address(in.get(1)), address(in.get(2)), address(probabilities));
            Runnable upstream = score.bind(p, dy, address(in.get(3)), address(gradients));
            Runnable toValues = values.bind(p, address(probabilities), dy, address(dv));
            Runnable toQueries = queriesGradient.bind(p, address(gradients), address(in.get(2)), address(dq));
            Runnable toKeys = values.bind(p, address(gradients), address(in.get(1)), address(dk));
            Softening soften = new Softening(in.subList(6, in.size()), probabilities.floats(), in.get(5).floats());
            Team.Range again = soften::again;
            Scores scores = new Scores(soften, gradients.floats(), in.get(0).floats(), in.get(4).floats());
            Team.Range softmax = scores::rows;
            Runnable dropping = soften.dropping(probabilities.floats(), p.team());
            Runnable droppingGradients = soften.dropping(gradients.floats(), p.team());
            return () -> {
                scoring.run();
                p.team().run(rowCount(), 1 + 8192 / keys, again);
                upstream.run();
                if (op.dropout() > 0) {
                    droppingGradients.run();
                }
                p.team().run(rowCount(), 1 + 8192 / keys, softmax);
                if (op.dropout() > 0) {
                    dropping.run();
                }
                toValues.run();
                toQueries.run();
                toKeys.run();
            };
        });
    }

    /** From the gradients of probabilities to those of scores. */
    private final class Scores {
        private final Softening soften;
        private final FloatBuffer g;
        private final FloatBuffer dy;
        private final FloatBuffer y;

        Scores(Softening soften, FloatBuffer g, FloatBuffer dy, FloatBuffer y) {
            this.soften = soften;
            this.g = g;
            this.dy = dy;
            this.y = y;
        }

        /** dS = P (dP - sum(dP P)), where the sum is dy . y of the head's row. */
        void rows(int from, int to) {
            int d = width / op.heads();
            for (int row = from; row < to; row++) {
                int b = row / (op.heads() * queries);
                int head = row / queries % op.heads();
                int at = (b * queries + row % queries) * width + head * d;
                double dot = 0;
                for (int i = at; i < at + d; i++) {
                    dot += (double) dy.get(i) * y.get(i);
                }
                for (int i = row * keys; i < (row + 1) * keys; i++) {
                    g.put(i, (float) (soften.p.get(i) * (g.get(i) - dot) * soften.scale));
                }
            }
        }
    }
}
