package dev.kinema.graph.op;

import dev.kinema.graph.Backward;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/** Mean over all elements of (a - b)^2. */
public record MeanSquaredError() implements Op {
    public static Value of(Value a, Value b) {
        return a.graph().add(new MeanSquaredError(), a, b);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.shape(this, "b", in.get(1), in.get(0).shape());
        return List.of(Type.f32());
    }

    @Override
    public Value[] gradient(Backward b) {
        Value difference = Add.of(b.in(0), Scale.of(b.in(1), -1));
        Value da = Mul.of(Scale.of(difference, 2.0 / b.in(0).shape().elements()), b.grad());
        return new Value[] {da, b.needs(1) ? Scale.of(da, -1) : null};
    }
}
