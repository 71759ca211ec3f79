package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/**
 * Convolution with its neighbours, for inference: relu?(conv(x, weight) + bias [+ residual]). Inputs x, weight, bias [O] and, where
 * {@code residual}, a value of the output's shape. Made by fusion, after differentiation: it has no gradient.
 */
public record FusedConv3d(Extent stride, Extent padding, boolean relu, boolean residual) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, residual ? 4 : 3);
        Require.floats(this, in);
        Shape out = Conv3d.output(this, in.get(0), in.get(1), stride, padding);
        Require.shape(this, "bias", in.get(2), Shape.of(out.last()));
        if (residual) {
            Require.shape(this, "residual", in.get(3), out);
        }
        return List.of(Type.f32(out));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return Conv3d.flops(out.get(0).shape(), in.get(1).shape());
    }
}
