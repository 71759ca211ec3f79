package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** From the loss's gradient [], logits x and targets t: (sigmoid(x) - t) / count. */
public record BinaryCrossEntropyGradient() implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.floats(this, in);
        Require.shape(this, "dloss", in.get(0), Shape.SCALAR);
        Require.shape(this, "targets", in.get(2), in.get(1).shape());
        return List.of(in.get(1));
    }
}
