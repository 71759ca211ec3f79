package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.reorder;

/**
 * The products of rows [R, D] with every chunk of a queue [K, D], and a chunk's rows summed by weights [R, chunk]: operands in the
 * program's precision, results in float32. In bf16 each chunk is rounded when its turn comes, so that no copy of the queue is kept; it is
 * small enough to be in the caches for both of its products. Full chunks share their primitives, a last short one has its own.
 */
final class QueueChunks {
    /** Of the queue in a chunk. */
    private static final int NUMBERS = 1 << 20;
    private static final int MOST_KEYS = 4096;

    final int count;
    /** Where products of a chunk are, and then its weights: [R, keys of a chunk]. */
    final Buffer logits;
    private final int keys;
    private final int step;
    private final Buffer rows;
    private final Buffer queue;
    private final DType type;
    /** A chunk and its weights in bf16; null where they need no rounding. */
    private final Buffer rounded;
    private final Buffer weights;
    private final Primitives full;
    private final Primitives last;

    /** @param sums whether chunks are to be summed, too */
    QueueChunks(Lowering l, Value rows, Value queue, boolean sums) {
        int width = rows.shape().last();
        keys = queue.shape().dim(0);
        step = Math.min(Math.max(1, Math.min(NUMBERS / width, MOST_KEYS)), keys);
        count = (keys + step - 1) / step;
        type = l.compute();
        this.rows = l.plain(rows, type);
        this.queue = l.plain(queue);
        logits = l.scratch(Shape.of(rows.shape().dim(0), step), "logits");
        rounded = type == DType.F32 ? null : l.scratch((long) step * width * type.bytes(), "keys");
        weights = type == DType.F32 || !sums ? null : l.scratch(logits.shape().elements() * type.bytes(), "weights");
        full = new Primitives(l, rows.shape().dim(0), step, width, sums);
        last = keys % step == 0 ? full : new Primitives(l, rows.shape().dim(0), keys % step, width, sums);
    }

    /** Those of chunks of one size. */
    private final class Primitives {
        final Gemm score;
        final Gemm sum;
        final UnboundPrimitive round;
        final UnboundPrimitive roundWeights;

        Primitives(Lowering l, int count, int size, int width, boolean sums) {
            score = Gemm.of(l, type, count, size, width, false, true, false);
            sum = sums ? Gemm.of(l, type, count, width, size, false, false, true) : null;
            round = rounded == null ? null : rounding(l, (long) size * width);
            roundWeights = weights == null ? null : rounding(l, (long) count * size);
        }

        private UnboundPrimitive rounding(Lowering l, long elements) {
            memory.desc from = Layouts.flat(elements, DType.F32);
            memory.desc to = Layouts.flat(elements, type);
            reorder.primitive_desc desc = new reorder.primitive_desc(l.engine(), from, l.engine(), to, Primitive.attributes(), false);
            return new UnboundPrimitive(l, desc, new reorder(desc)).with(dnnl.DNNL_ARG_FROM, from).with(dnnl.DNNL_ARG_TO, to);
        }

        void scratch(List<Buffer> into) {
            add(score.scratch(), into);
            add(sum == null ? null : sum.scratch(), into);
            add(round == null ? null : round.scratch(), into);
            add(roundWeights == null ? null : roundWeights.scratch(), into);
        }
    }

    private static void add(Buffer buffer, List<Buffer> into) {
        if (buffer != null) {
            into.add(buffer);
        }
    }

    /** The first key of a chunk. */
    int start(int chunk) {
        return chunk * step;
    }

    /** How many keys a chunk has. */
    int size(int chunk) {
        return Math.min(step, keys - start(chunk));
    }

    /** What the step reads for the products. */
    List<Buffer> reads() {
        return List.of(rows, queue);
    }

    /** What the step is to list as written, beside its results. */
    List<Buffer> scratch() {
        List<Buffer> all = new ArrayList<>(List.of(logits));
        add(rounded, all);
        add(weights, all);
        full.scratch(all);
        if (last != full) {
            last.scratch(all);
        }
        return all;
    }

    /** For each chunk: logits = rows chunk^T. */
    Runnable[] scores(CpuProgram p) {
        Runnable[] runs = new Runnable[count];
        for (int c = 0; c < count; c++) {
            Primitives of = c == count - 1 ? last : full;
            long chunk = queue.storage().address() + 4L * start(c) * queue.shape().last();
            Runnable product = of.score.bind(p, address(rows), rounded == null ? chunk : address(rounded), address(logits));
            runs[c] = rounded == null ? product : both(of.round.bind(p, chunk, address(rounded)), product);
        }
        return runs;
    }

    /** For each chunk, to be run after its scores: sums [R, D] += logits chunk, where the logits have become weights. */
    Runnable[] sums(CpuProgram p, Buffer sums) {
        Runnable[] runs = new Runnable[count];
        for (int c = 0; c < count; c++) {
            Primitives of = c == count - 1 ? last : full;
            if (weights == null) {
                long chunk = queue.storage().address() + 4L * start(c) * queue.shape().last();
                runs[c] = of.sum.bind(p, address(logits), chunk, address(sums));
            } else {
                runs[c] = both(of.roundWeights.bind(p, address(logits), address(weights)),
                    of.sum.bind(p, address(weights), address(rounded), address(sums)));
            }
        }
        return runs;
    }

    private static long address(Buffer buffer) {
        return buffer.storage().address();
    }

    private static Runnable both(Runnable first, Runnable second) {
        return () -> {
            first.run();
            second.run();
        };
    }
}
