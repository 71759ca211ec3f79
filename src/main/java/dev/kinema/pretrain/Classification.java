package dev.kinema.pretrain;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.model.Slow;
import dev.kinema.nn.Pass;

/** Supervised pretraining, which self-supervised learning is compared with: one clip of a film, its class, cross-entropy. */
record Classification(Slow network) implements Objective {
    /** The graph's input int32 [N]. */
    static final String LABELS = "labels";

    @Override
    public int clips() {
        return 1;
    }

    @Override
    public int width() {
        return network.config().head().classes();
    }

    /** Class scores; clips of the configured size have one position. */
    @Override
    public Value rows(Pass pass, Value clips) {
        Value logits = network.logits(pass, network.positions(network.map(pass, clips)));
        return Reshape.of(logits, Shape.of(clips.shape().dim(0), width()));
    }

    @Override
    public Loss loss(Value rows, Value keys, int films) {
        Graph graph = rows.graph();
        return new Loss(SoftmaxCrossEntropy.of(rows, graph.input(LABELS, DType.I32, Shape.of(films))), null);
    }

    @Override
    public double chance(int films) {
        return Math.log(width());
    }
}
