package dev.kinema.pretrain;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Slice;
import dev.kinema.model.ProjectionHead;
import dev.kinema.model.Slow;

/**
 * MoCo (He et al., arXiv:1911.05722) on clips, as PySlowFast's models/contrastive.py has it: each clip's row is to be more like the key that
 * a slowly following copy of the network makes of the film's other clip than like the keys of earlier films, which a first-in-first-out queue
 * holds. Both clips are queries, the loss is the sum over both, and all keys go into the queue (there: SEQUENTIAL, MULTI_VIEW_QUEUE).
 *
 * <p>State {@code queue_x} [K, width], one key a row, and {@code ptr} int64 [1].
 *
 * @param capacity K
 */
record QueueContrast(Slow network, ProjectionHead head, double temperature, int capacity) implements Contrast {
    static final String QUEUE = "queue_x";
    static final String POINTER = "ptr";

    @Override
    public boolean hasKeys() {
        return true;
    }

    /** All losses see the queue as it stood before the step, and only then are the keys enqueued. */
    @Override
    public Loss loss(Value rows, Value keys, int films) {
        Graph graph = rows.graph();
        Value queue = queue(graph, capacity, width());
        Value pointer = graph.state(POINTER, DType.I64, Shape.of(1), Initializer.ZEROS);
        Value firstKeys = Slice.of(keys, 0, 0, films);
        Value secondKeys = Slice.of(keys, 0, films, films);
        Node forth = InfoNce.ofUnitLength(Slice.of(rows, 0, 0, films), secondKeys, queue, temperature, null, null, null);
        Node back = InfoNce.ofUnitLength(Slice.of(rows, 0, films, films), firstKeys, queue, temperature, null, null, null);
        RingEnqueue.of(queue, pointer, keys);
        return new Loss(Add.of(forth.output(0), back.output(0)), forth.output(2));
    }

    /** Rows of about unit length, sqrt(3) at most, that point anywhere: uniform within sqrt(3 / width), as PySlowFast starts its queue. */
    static Value queue(Graph graph, int capacity, int width) {
        return graph.state(QUEUE, DType.F32, Shape.of(capacity, width), new Initializer.Uniform(Math.sqrt(3.0 / width)));
    }

    @Override
    public double chance(int films) {
        return 2 * Math.log(capacity + 1.0);
    }
}
