package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Attention;
import dev.kinema.graph.op.AttentionGradient;
import dev.kinema.graph.op.Op;
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

    private static List<Buffer> present(Buffer... buffers) {
        return Stream.of(buffers).filter(Objects::nonNull).toList();
    }

    private AttentionRows rows(List<Buffer> extras, Buffer table, Buffer logs) {
        return new AttentionRows(op, scoreShape().dims(), width / op.heads(), table.floats(), logs.floats(),
            op.masked() ? extras.get(0).bytes() : null);
    }

    private void forward(Lowering l, Node node) {
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        List<Buffer> extras = in.subList(3, in.size());
        Buffer y = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        Buffer probabilities = l.scratch(scoreShape(), "probabilities");
        Gemm score = new Gemm(l, heads(queries), headsTransposed(keys), scores(), false);
        Gemm mix = new Gemm(l, scores(), heads(keys), heads(queries), false);
        l.step("attention", in, present(y, logs, probabilities, score.scratch(), mix.scratch()), p -> {
            Runnable scoring = score.bind(p, address(in.get(0)), address(in.get(1)), address(probabilities));
            Runnable mixing = mix.bind(p, address(probabilities), address(in.get(2)), address(y));
            AttentionRows rows = rows(extras, probabilities, logs);
            Team.Range softmax = rows::soften;
            Runnable dropping = dropping(extras, probabilities, p.team());
            return () -> {
                scoring.run();
                p.team().run(rows.groups(), rows.grain(), softmax);
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
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        List<Buffer> extras = in.subList(6, in.size());
        Buffer dq = l.define(node.output(0));
        Buffer dk = l.define(node.output(1));
        Buffer dv = l.define(node.output(2));
        Buffer probabilities = l.scratch(scoreShape(), "probabilities");
        Buffer gradients = l.scratch(scoreShape(), "score gradients");
        Gemm score = new Gemm(l, heads(queries), headsTransposed(keys), scores(), false);
        Gemm values = new Gemm(l, scoresTransposed(), heads(queries), heads(keys), false);
        Gemm queriesGradient = new Gemm(l, scores(), heads(keys), heads(queries), false);
        List<Buffer> reads = new ArrayList<>(in);
        // what came out is in the gradients of the scores already, by the probabilities
        reads.remove(4);
        l.step("attention gradient", reads, present(dq, dk, dv, probabilities, gradients, score.scratch(), values.scratch(),
            queriesGradient.scratch()), p -> {
            long dy = address(in.get(0));
            Runnable scoring = score.bind(p, address(in.get(1)), address(in.get(2)), address(probabilities));
            Runnable upstream = score.bind(p, dy, address(in.get(3)), address(gradients));
            Runnable toValues = values.bind(p, address(probabilities), dy, address(dv));
            Runnable toQueries = queriesGradient.bind(p, address(gradients), address(in.get(2)), address(dq));
            Runnable toKeys = values.bind(p, address(gradients), address(in.get(1)), address(dk));
            AttentionRows rows = rows(extras, probabilities, in.get(5));
            Team.Range again = rows::again;
            FloatBuffer table = gradients.floats();
            Team.Range softmax = (from, to) -> rows.back(table, from, to);
            Runnable dropping = dropping(extras, probabilities, p.team());
            Runnable droppingGradients = dropping(extras, gradients, p.team());
            return () -> {
                scoring.run();
                p.team().run(rows.groups(), rows.grain(), again);
                upstream.run();
                droppingGradients.run();
                p.team().run(rows.groups(), rows.grain(), softmax);
                dropping.run();
                toValues.run();
                toQueries.run();
                toKeys.run();
            };
        });
    }
}
