package dev.kinema.pretrain;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.InBatchInfoNce;
import dev.kinema.graph.op.Slice;
import dev.kinema.model.ProjectionHead;
import dev.kinema.model.Slow;

/**
 * CVRL (Qian et al., arXiv:2008.03800): two clips of a film are to be more alike than any of two films of the batch, both ways. Gradients
 * flow to both clips; there is no queue and no second encoder.
 */
record InBatchContrast(Slow network, ProjectionHead head, double temperature) implements Contrast {
    @Override
    public Loss loss(Value rows, Value keys, int films) {
        Value first = Slice.of(rows, 0, 0, films);
        Value second = Slice.of(rows, 0, films, films);
        return new Loss(InBatchInfoNce.of(first, second, temperature).output(0), null);
    }

    /** Twice the logarithm of 2N - 1 classes: the loss is the sum of both ways. */
    @Override
    public double chance(int films) {
        return 2 * Math.log(2.0 * films - 1);
    }
}
