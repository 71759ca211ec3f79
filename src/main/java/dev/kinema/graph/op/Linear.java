package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * y = x weight^T + bias: x [..., I], weight [O, I] as PyTorch stores it, bias [O] where {@code bias}, to [..., O]. An
 * activation other than NONE is set by fusion.
 */
public record Linear(boolean bias, Activation activation) implements Op {
    /** What is applied to the sum. */
    public enum Activation { NONE, RELU, GELU, GELU_TANH }

    /** @param bias may be null */
    public static Value of(Value x, Value weight, Value bias) {
        return bias == null ? x.graph().add(new Linear(false, Activation.NONE), x, weight)
            : x.graph().add(new Linear(true, Activation.NONE), x, weight, bias);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, bias ? 3 : 2);
        Require.floats(this, in);
        Require.minRank(this, "x", in.get(0), 1);
        Require.rank(this, "weight", in.get(1), 2);
        Shape x = in.get(0).shape();
        Shape weight = in.get(1).shape();
        Require.that(this, x.last() == weight.dim(1), "x has rows of " + x.last() + " and the weight takes " + weight.dim(1)
            + ": " + in.get(0) + ", " + in.get(1));
        if (bias) {
            Require.shape(this, "bias", in.get(2), Shape.of(weight.dim(0)));
        }
        return List.of(Type.f32(x.with(-1, weight.dim(0))));
    }

    @Override
    public Value[] gradient(Backward b) {
        Require.that(this, activation == Activation.NONE, "differentiate before fusing activations into it");
        Shape x = b.in(0).shape();
        Value dy = Reshape.of(b.grad(), Shape.of((int) x.rows(), b.grad().shape().last()));
        Value[] back = new Value[b.inputs()];
        if (b.needs(0)) {
            back[0] = Reshape.of(MatMul.of(dy, b.in(1), false, false), x);
        }
        if (b.needs(1)) {
            Value rows = Reshape.of(b.in(0), Shape.of((int) x.rows(), x.last()));
            back[1] = MatMul.of(dy, rows, true, false);
        }
        if (bias && b.needs(2)) {
            back[2] = Reduce.leading(dy, Shape.of(dy.shape().last()));
        }
        return back;
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 2 * in.get(0).shape().rows() * in.get(1).shape().elements();
    }
}
