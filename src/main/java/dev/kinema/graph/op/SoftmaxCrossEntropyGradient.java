package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From the loss's gradient [], logits and labels to the logits' gradient. */
public record SoftmaxCrossEntropyGradient(SoftmaxCrossEntropy forward) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.shape(this, "dloss", in.get(0), Shape.SCALAR);
        SoftmaxCrossEntropy.check(this, in.get(1), in.get(2));
        return List.of(in.get(1));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 6 * out.get(0).shape().elements();
    }
}
