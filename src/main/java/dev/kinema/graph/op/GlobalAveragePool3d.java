package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Mean over time and space: [N, T, H, W, C] to [N, C]. */
public record GlobalAveragePool3d() implements Op {
    public static Value of(Value x) {
        return x.graph().add(new GlobalAveragePool3d(), x);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.floats(this, in);
        Require.rank(this, "x", in.get(0), 5);
        Shape x = in.get(0).shape();
        return List.of(Type.f32(x.dim(0), x.last()));
    }

    @Override
    public Value[] gradient(Backward b) {
        Shape x = b.in(0).shape();
        Value each = Scale.of(b.grad(), 1.0 / x.product(1, 4));
        return new Value[] {b.graph().add(new Broadcast(x, List.of(1, 2, 3)), each)};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return in.get(0).shape().elements();
    }
}
