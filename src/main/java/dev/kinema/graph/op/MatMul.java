package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Matrix product over the last two axes, [..., m, k] by [..., k, n]; a transposed operand is given as [..., k, m] or
 * [..., n, k]. Leading axes must be equal.
 */
public record MatMul(boolean transposeA, boolean transposeB) implements Op {
    public static Value of(Value a, Value b, boolean transposeA, boolean transposeB) {
        return a.graph().add(new MatMul(transposeA, transposeB), a, b);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Shape a = in.get(0).shape();
        Shape b = in.get(1).shape();
        Require.minRank(this, "a", in.get(0), 2);
        Require.that(this, a.rank() == b.rank() && a.sub(0, a.rank() - 2).equals(b.sub(0, b.rank() - 2)),
            "leading axes differ: " + in.get(0) + " by " + in.get(1));
        int m = a.dim(transposeA ? -1 : -2);
        int ka = a.dim(transposeA ? -2 : -1);
        int kb = b.dim(transposeB ? -1 : -2);
        int n = b.dim(transposeB ? -2 : -1);
        Require.that(this, ka == kb, "inner sizes differ, " + ka + " and " + kb + ": " + in.get(0) + (transposeA ? " transposed" : "")
            + " by " + in.get(1) + (transposeB ? " transposed" : ""));
        return List.of(Type.f32(a.with(-2, m).with(-1, n)));
    }

    @Override
    public Value[] gradient(Backward g) {
        Value a = g.in(0);
        Value b = g.in(1);
        Value dy = g.grad();
        Value da = null;
        Value db = null;
        if (g.needs(0)) {
            da = transposeA ? of(b, dy, transposeB, true) : of(dy, b, false, !transposeB);
        }
        if (g.needs(1)) {
            db = transposeB ? of(dy, a, true, transposeA) : of(a, dy, !transposeA, false);
        }
        return new Value[] {da, db};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 2 * out.get(0).shape().elements() * in.get(0).shape().dim(transposeA ? -2 : -1);
    }
}
