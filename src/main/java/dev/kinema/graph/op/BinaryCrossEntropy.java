package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Mean over all elements of the binary cross-entropy of sigmoid(x) against targets in [0, 1] of the same shape (PyTorch: BCEWithLogitsLoss). */
public record BinaryCrossEntropy() implements Op {
    public static Value of(Value logits, Value targets) {
        return logits.graph().add(new BinaryCrossEntropy(), logits, targets);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.shape(this, "targets", in.get(1), in.get(0).shape());
        return List.of(Type.f32());
    }

    @Override
    public Value[] gradient(Backward b) {
        Require.that(this, !b.needs(1), "targets are constants: stop the gradient there");
        return new Value[] {b.graph().add(new BinaryCrossEntropyGradient(), b.grad(), b.in(0), b.in(1)), null};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 6 * in.get(0).shape().elements();
    }
}
