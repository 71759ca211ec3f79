package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Mean cross-entropy of logits [R, C] against class indices int32 [R], as PyTorch's cross_entropy: rows labelled {@code ignored} count
 * neither in the sum nor in the mean; with smoothing e the target is (1 - e) one-hot + e / C. All rows ignored give 0 (PyTorch: NaN).
 */
public record SoftmaxCrossEntropy(int ignored, double smoothing) implements Op {
    /** PyTorch's default ignore_index. */
    public static final int IGNORED = -100;

    public static Value of(Value logits, Value labels) {
        return of(logits, labels, IGNORED, 0);
    }

    public static Value of(Value logits, Value labels, int ignored, double smoothing) {
        return logits.graph().add(new SoftmaxCrossEntropy(ignored, smoothing), logits, labels);
    }

    static void check(Op op, Type logits, Type labels) {
        Require.rank(op, "logits", logits, 2);
        Require.dtype(op, "logits", logits, DType.F32);
        Require.dtype(op, "labels", labels, DType.I32);
        Require.shape(op, "labels", labels, Shape.of(logits.shape().dim(0)));
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        check(this, in.get(0), in.get(1));
        Require.that(this, smoothing >= 0 && smoothing < 1, "smoothing must be in [0, 1), got " + smoothing);
        return List.of(Type.f32());
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new SoftmaxCrossEntropyGradient(this), b.grad(), b.in(0), b.in(1)), null};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 5 * in.get(0).shape().elements();
    }
}
