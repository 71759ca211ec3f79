package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Each row of x [..., D] divided by max(its Euclidean norm, epsilon). Outputs y and the norms [...]. */
public record L2Normalize(double epsilon) implements Op {
    /** PyTorch's default of normalize. */
    public static final double EPSILON = 1e-12;

    public static Value of(Value x) {
        return x.graph().add(new L2Normalize(EPSILON), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.minRank(this, "x", in.get(0), 1);
        Shape x = in.get(0).shape();
        return List.of(in.get(0), Type.f32(x.sub(0, x.rank() - 1)));
    }

    @Override
    public Value[] gradient(Backward b) {
        return new Value[] {b.graph().add(new L2NormalizeGradient(epsilon), b.grad(), b.out(0), b.out(1))};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 3 * out.get(0).shape().elements();
    }
}
