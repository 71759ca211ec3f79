package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** exp(x) / sum exp(x) over the last axis. */
public record Softmax() implements Op {
    public static Value of(Value x) {
        return x.graph().add(new Softmax(), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.minRank(this, "x", in.get(0), 1);
        return in;
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new SoftmaxGradient(), b.grad(), b.out(0))};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 5 * out.get(0).shape().elements();
    }
}
