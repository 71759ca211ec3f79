package dev.kinema.graph.op;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Type;
import java.util.List;

/** dgrad: from dy [N, T', H', W', O] and weight [O, I, kT, kH, kW] to dx of shape {@code input}. */
public record Conv3dInputGradient(Extent stride, Extent padding, Shape input) implements Op {
    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 2);
        Require.floats(this, in);
        Require.shape(this, "dy", in.get(0), Conv3d.output(this, Type.f32(input), in.get(1), stride, padding));
        return List.of(Type.f32(input));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return Conv3d.flops(in.get(0).shape(), in.get(1).shape());
    }
}
