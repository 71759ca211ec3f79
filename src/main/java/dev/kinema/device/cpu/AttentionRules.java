package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.AttentionGradient;
import dev.kinema.graph.op.Op;
import java.nio.LongBuffer;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;

/**
 * Attention: products by oneDNN straight on the [B, S, D] layout (heads are strides), softmax of long rows by it too; masks and dropout in
 * Java. The probabilities of one layer are scratch memory; the backward pass computes them again.
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

    private static List<Buffer> present(Buffer... buffers) {
        return Stream.of(buffers).filter(Objects::nonNull).toList();
    }

    /** Inputs after the first few: the mask and the random state, where there are such. */
    private static List<Buffer> extras(Lowering l, Node node, int first) {
        return node.inputs().stream().skip(first).map(l::plain).toList();
    }

    private static List<Buffer> all(List<Buffer> some, List<Buffer> others) {
        return Stream.concat(some.stream(), others.stream()).toList();
    }

    /** Products of rows of heads with each other, over sqrt(d). */
    private Gemm score(Lowering l) {
        primitive_attr attributes = Primitive.attributes();
        post_ops ops = new post_ops();
        ops.append_eltwise(dnnl.dnnl_eltwise_linear, (float) Math.sqrt((double) op.heads() / width), 0);
        attributes.set_post_ops(ops);
        return new Gemm(l, heads(queries), headsTransposed(keys), null, scores(), attributes);
    }

    /** What makes probabilities of q and k, in scratch memory. */
    private final class Probabilities {
        final Buffer table;
        final RowSoftmax softmax;
        final Gemm score;

        Probabilities(Lowering l, boolean gradient) {
            table = l.scratch(scoreShape(), "probabilities");
            score = score(l);
            softmax = RowSoftmax.of(l, batch * op.heads() * queries, keys, gradient);
        }

        List<Buffer> writes() {
            return all(present(table, score.scratch()), softmax.scratch());
        }

        /**
         * @param made what turns the scores into probabilities
         * @param logs that it writes; null for none
         */
        Runnable bind(CpuProgram p, Buffer q, Buffer k, Runnable made, Buffer logs, List<Buffer> extras) {
            Runnable scoring = score.bind(p, address(q), address(k), address(table));
            Runnable masked = AttentionMask.hides(op) ? new AttentionMask(op, scoreShape().dims(), table, logs,
                op.masked() ? extras.get(0) : null).around(p.team(), made) : made;
            return () -> {
                scoring.run();
                masked.run();
            };
        }
    }

    private void forward(Lowering l, Node node) {
        List<Buffer> in = node.inputs().stream().limit(3).map(l::plain).toList();
        List<Buffer> extras = extras(l, node, 3);
        Buffer y = l.define(node.output(0));
        Probabilities made = new Probabilities(l, false);
        boolean summed = l.isReadBeside(node.output(1), AttentionGradient.class) || made.softmax.readsLogSums() && l.isRead(node.output(1));
        Buffer logs = summed ? l.define(node.output(1)) : null;
        Gemm mix = new Gemm(l, scores(), heads(keys), heads(queries), false);
        l.step("attention", all(in, extras), all(present(y, logs, mix.scratch()), made.writes()), p -> {
            Runnable attending = made.bind(p, in.get(0), in.get(1), made.softmax.forward(p, made.table, logs), logs, extras);
            Runnable dropping = dropping(extras, made.table, p.team());
            Runnable mixing = mix.bind(p, address(made.table), address(in.get(2)), address(y));
            return () -> {
                attending.run();
                dropping.run();
                mixing.run();
            };
        });
    }

    private static long address(Buffer buffer) {
        return buffer.storage().address();
    }

    /** Drops some of what is in a table of probabilities, or of their gradients: the same ones of both. */
    private Runnable dropping(List<Buffer> extras, Buffer table, Team team) {
        if (op.dropout() == 0) {
            return () -> { };
        }
        DropMask mask = new DropMask(op.dropout(), op.salt());
        LongBuffer random = extras.get(extras.size() - 1).longs();
        Team.Range range = mask.over(table.floats(), table.floats(), table.elements());
        return () -> {
            mask.begin(random.get(0), random.get(1));
            team.run(DropMask.tiles(table.elements()), Elementwise.GRAIN / Tile.SIZE, range);
        };
    }

    private void backward(Lowering l, Node node) {
        Buffer dy = l.plain(node.input(0));
        List<Buffer> in = node.inputs().stream().skip(1).limit(3).map(l::plain).toList();
        List<Buffer> extras = extras(l, node, 6);
        List<Buffer> out = node.outputs().stream().map(l::define).toList();
        Probabilities made = new Probabilities(l, true);
        Buffer logs = made.softmax.readsLogSums() ? l.plain(node.input(5)) : null;
        Buffer gradients = l.scratch(scoreShape(), "score gradients");
        Gemm toQueryRows = new Gemm(l, scores(), heads(keys), heads(queries), false);
        Gemm toKeyRows = new Gemm(l, scoresTransposed(), heads(queries), heads(keys), false);
        List<Buffer> scratch = present(gradients, toQueryRows.scratch(), toKeyRows.scratch());
        l.step("attention gradient", all(present(dy, logs), all(in, extras)), all(out, all(scratch, made.writes())), p -> {
            Runnable[] actions = {
                made.bind(p, in.get(0), in.get(1), made.softmax.again(p, made.table, logs), null, extras),
                // with the scale, by which the scores' gradients are to be multiplied anyway
                made.score.bind(p, address(dy), address(in.get(2)), address(gradients)),
                dropping(extras, gradients, p.team()),
                made.softmax.backward(p, made.table, gradients),
                toQueryRows.bind(p, address(gradients), address(in.get(1)), address(out.get(0))),
                toKeyRows.bind(p, address(gradients), address(in.get(0)), address(out.get(1))),
                dropping(extras, made.table, p.team()),
                toKeyRows.bind(p, address(made.table), address(dy), address(out.get(2)))};
            return () -> {
                for (Runnable action : actions) {
                    action.run();
                }
            };
        });
    }
}
