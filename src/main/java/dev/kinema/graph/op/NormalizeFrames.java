package dev.kinema.graph.op;

import dev.kinema.graph.DType;
import dev.kinema.graph.Type;
import dev.kinema.graph.Value;
import java.util.List;

/**
 * Frames uint8 [N, T, H, W, 3] to float: (x / 255 - mean) / std per channel (PySlowFast: datasets/utils.py, tensor_normalize).
 * Has no gradient: bytes are not differentiable.
 */
public record NormalizeFrames(List<Double> mean, List<Double> std) implements Op {
    /** PySlowFast's constants, DATA.MEAN and DATA.STD. */
    public static final NormalizeFrames KINETICS = new NormalizeFrames(List.of(0.45, 0.45, 0.45), List.of(0.225, 0.225, 0.225));

    public static Value of(Value frames, NormalizeFrames constants) {
        return frames.graph().add(constants, frames);
    }

    /** The float that byte {@code value} of channel {@code c} becomes, in float32 arithmetic as PyTorch does it. */
    public float level(int value, int c) {
        return (value / 255f - (float) (double) mean.get(c)) / (float) (double) std.get(c);
    }

    @Override
    public List<Type> infer(List<Type> in) {
        Require.inputs(this, in, 1);
        Require.rank(this, "frames", in.get(0), 5);
        Require.dtype(this, "frames", in.get(0), DType.U8);
        int c = in.get(0).shape().last();
        Require.that(this, c == mean.size() && c == std.size(), "frames have " + c + " channels, the constants are for " + mean.size());
        return List.of(Type.f32(in.get(0).shape()));
    }

    @Override
    public long flops(List<Type> in, List<Type> out) {
        return 2 * out.get(0).shape().elements();
    }
}
