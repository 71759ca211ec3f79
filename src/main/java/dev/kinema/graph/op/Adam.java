package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/**
 * One step of Adam (Kingma and Ba, arXiv:1412.6980), with {@code decoupled} weight decay AdamW (Loshchilov and Hutter, arXiv:1711.05101),
 * else weight decay is added to the gradient. Inputs p, g, rate [], first and second moment, step int64 [1] (1 at the first
 * update). Writes p and both moments.
 */
public record Adam(double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 6);
        Shape p = in.get(0).shape();
        Require.shape(this, "gradient", in.get(1), p);
        Require.shape(this, "rate", in.get(2), Shape.SCALAR);
        Require.shape(this, "first moment", in.get(3), p);
        Require.shape(this, "second moment", in.get(4), p);
        Sgd.checkStep(this, in.get(5));
        return List.of(in.get(0), in.get(3), in.get(4));
    }

    @Override
    public int[] writes() {
        return new int[] {0, 3, 4};
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 14 * in.get(0).shape().elements();
    }
}
