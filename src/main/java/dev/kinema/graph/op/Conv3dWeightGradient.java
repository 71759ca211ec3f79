package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** wgrad: from x [N, T, H, W, I] and dy [N, T', H', W', O] to dw of shape {@code weight}. */
public record Conv3dWeightGradient(Extent stride, Extent padding, Shape weight) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.shape(this, "dy", in.get(1), Conv3d.output(this, in.get(0), Type.f32(weight), stride, padding));
        return List.of(Type.f32(weight));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return Conv3d.flops(in.get(1).shape(), weight);
    }
}
