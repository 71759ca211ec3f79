package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Normalises each row of x [..., D] to mean 0 and variance 1, then gamma, beta [D]. Outputs y, and mean and biased variance [...] of the rows. */
public record LayerNorm(double epsilon) implements Op {
    public static Value of(Value x, Value gamma, Value beta, double epsilon) {
        return x.graph().add(new LayerNorm(epsilon), x, gamma, beta);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 3);
        Require.floats(this, in);
        Require.minRank(this, "x", in.get(0), 1);
        Shape x = in.get(0).shape();
        Require.shape(this, "gamma", in.get(1), Shape.of(x.last()));
        Require.shape(this, "beta", in.get(2), Shape.of(x.last()));
        Type rows = Type.f32(x.sub(0, x.rank() - 1));
        return List.of(in.get(0), rows, rows);
    }

    @Override
    public Value[] gradient(Backward b) {
        Node node = b.graph().append(new LayerNormGradient(epsilon), List.of(b.grad(), b.in(0), b.in(1), b.out(1), b.out(2)));
        return new Value[] {node.output(0), node.output(1), node.output(2)};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 8 * out.get(0).shape().elements();
    }
}
