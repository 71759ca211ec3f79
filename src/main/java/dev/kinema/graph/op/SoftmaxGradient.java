package dev.kinema.graph.op;

import dev.kinema.graph.Type;
import java.util.List;

/** From dy and the output y of {@link Softmax}: y * (dy - sum(dy * y)). */
public record SoftmaxGradient() implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.shape(this, "y", in.get(1), in.get(0).shape());
        return List.of(in.get(0));
    }
}
