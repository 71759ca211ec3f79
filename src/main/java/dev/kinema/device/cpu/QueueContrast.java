package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.InfoNceGradient;
import dev.kinema.graph.op.Op;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * InfoNCE against a queue, which is worked through in chunks, whose logits are scratch memory and never stored as a whole; products by
 * oneDNN in the program's precision, exponentials in Java. Products are of all rows, exponentials only of those that take part.
 *
 * <p>Where rows are of unit length, and the graph has the gradient of the loss too, one pass over the queue computes what both need: the
 * loss leaves each row's sum of the keys by their exponentials. Otherwise the gradient computes the products anew.
 */
final class QueueContrast {
    /** Multiply-adds or exponentials below which rows are not worth sharing among threads. */
    private static final int GRAIN = 8192;

    private QueueContrast() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(InfoNce.class, QueueContrast::loss);
        rules.put(InfoNceGradient.class, QueueContrast::gradient);
    }

    private static void loss(Lowering l, Node node) {
        InfoNce op = (InfoNce) node.op();
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        Buffer loss = l.define(node.output(0));
        Buffer logs = l.define(node.output(1));
        Buffer ranks = l.define(node.output(2));
        boolean pulls = QueueLogSums.hasBound(op) && l.readers(node.output(1)).stream().anyMatch(r -> InfoNceGradient.isOf(r, node));
        QueueChunks chunks = new QueueChunks(l, node.input(0), node.input(2), pulls);
        List<Buffer> writes = new ArrayList<>(List.of(loss, logs, ranks));
        Buffer pulled = pulls ? between(in.get(0).shape(), "pulled") : null;
        Buffer negatives = pulls ? between(logs.shape(), "negatives") : null;
        if (pulls) {
            l.hints().leave(node.output(1), pulled, negatives);
            writes.addAll(List.of(pulled, negatives));
        }
        writes.addAll(chunks.scratch());
        l.step(pulls ? "infonce in one pass" : "infonce", reads(in, chunks.reads()), writes, p -> {
            QueueRows rows = new QueueRows(op, in.get(0), in.get(1), in, chunks.logits);
            QueueLogSums sums = new QueueLogSums(op, rows, logs.floats(), ranks.ints(), pulls ? negatives.floats() : null);
            Runnable pass = pass(p, rows, chunks, sums::add, pulled);
            Team.Range start = sums::start;
            FloatBuffer out = loss.floats();
            return () -> {
                p.team().run(rows.begin(), 1 + GRAIN / rows.width, start);
                pass.run();
                out.put(0, (float) sums.finish());
            };
        });
    }

    /** Memory, no value's own, that the loss writes for its gradient. */
    private static Buffer between(Shape shape, String name) {
        return Buffer.plain(new Storage(name, shape.elements() * 4, Storage.Home.PLANNED), shape, DType.F32);
    }

    private static List<Buffer> reads(List<Buffer> inputs, List<Buffer> operands) {
        List<Buffer> reads = new ArrayList<>(inputs);
        operands.stream().filter(o -> !reads.contains(o)).forEach(reads::add);
        return reads;
    }

    /**
     * Goes through the queue: products, what {@code each} does with those of some rows, and, unless {@code sums} is null, the chunk's keys
     * summed by what is left in the logits.
     */
    private static Runnable pass(CpuProgram p, QueueRows rows, QueueChunks chunks, Team.Range each, Buffer sums) {
        Runnable[] scores = chunks.scores(p);
        Runnable[] pulls = sums == null ? new Runnable[0] : chunks.sums(p, sums);
        FloatBuffer summed = sums == null ? null : sums.floats();
        return () -> {
            if (summed != null) {
                clear(summed);
            }
            for (int c = 0; c < scores.length; c++) {
                scores[c].run();
                rows.chunk(chunks.start(c), chunks.size(c));
                p.team().run(rows.counted, 1 + GRAIN / rows.columns, each);
                if (summed != null) {
                    pulls[c].run();
                }
            }
        };
    }

    private static void clear(FloatBuffer sums) {
        for (int i = 0; i < sums.capacity(); i++) {
            sums.put(i, 0);
        }
    }

    private static void gradient(Lowering l, Node node) {
        InfoNce op = ((InfoNceGradient) node.op()).forward();
        List<Buffer> in = new ArrayList<>(node.inputs().stream().map(l::plain).toList());
        Buffer dq = l.define(node.output(0));
        Buffer dk = l.define(node.output(1));
        boolean own = InfoNceGradient.isOf(node, node.input(4).node());
        List<Buffer> left = own ? l.hints().left(node.input(4)) : List.of();
        if (left.isEmpty()) {
            again(l, node, op, in);
            return;
        }
        List<Buffer> reads = new ArrayList<>(in);
        // the queue has been gone through
        reads.remove(3);
        reads.addAll(left);
        l.step("infonce pull", reads, List.of(dq, dk), p -> {
            QueueRows rows = new QueueRows(op, in.get(1), in.get(2), in, null);
            QueuePulls pulls = new QueuePulls(rows, in.get(0).floats(), in.get(4).floats(), left.get(0).floats(), left.get(1).floats());
            Team.Range finish = pulls.into(dq.floats(), dk.floats(), QueueLogSums.bound(op));
            return () -> {
                rows.begin();
                p.team().run(rows.all, 1 + GRAIN / rows.width, finish);
            };
        });
    }

    /** The gradient by a pass of its own. */
    private static void again(Lowering l, Node node, InfoNce op, List<Buffer> in) {
        Buffer dq = l.of(node.output(0));
        Buffer dk = l.of(node.output(1));
        QueueChunks chunks = new QueueChunks(l, node.input(1), node.input(3), true);
        Buffer negatives = l.scratch(Shape.of(dq.shape().dim(0)), "negatives");
        List<Buffer> writes = new ArrayList<>(List.of(dq, dk, negatives));
        writes.addAll(chunks.scratch());
        l.step("infonce gradient", reads(in, chunks.reads()), writes, p -> {
            QueueRows rows = new QueueRows(op, in.get(1), in.get(2), in, chunks.logits);
            QueuePulls pulls = new QueuePulls(rows, in.get(0).floats(), in.get(4).floats(), dq.floats(), negatives.floats());
            Runnable pass = pass(p, rows, chunks, pulls::weigh, dq);
            Team.Range finish = pulls.into(dq.floats(), dk.floats(), Double.NaN);
            return () -> {
                rows.begin();
                pulls.begin();
                pass.run();
                p.team().run(rows.all, 1 + GRAIN / rows.width, finish);
            };
        });
    }
}
