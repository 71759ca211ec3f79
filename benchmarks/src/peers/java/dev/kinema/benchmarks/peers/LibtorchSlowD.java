package dev.kinema.benchmarks.peers;

import dev.kinema.device.Precision;
import dev.kinema.model.SlowConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Slow-D with 50 layers in libtorch's eager mode, as a careful user would write it: no gradients, ReLU and sums in place, each tensor
 * freed as soon as it is dead. In bf16 everything is bf16, the clip and batch norm's numbers included.
 */
final class LibtorchSlowD implements Contestant {
    /** How tensors are stored, and whether batch norm is folded into the convolutions by hand. */
    enum Setting {
        CONTIGUOUS("contiguous"), CHANNELS_LAST("channels_last_3d"), FOLDED("channels_last_3d, BN folded");

        private final String text;

        Setting(String text) {
            this.text = text;
        }
    }

    private static final double EPSILON = SlowConfig.SLOW_D_R50.norm().epsilon();
    private static final long[] ONES = {1, 1, 1};

    private final Setting setting;
    private final Precision precision;
    /** Holds what lives as long as this network. */
    private final PointerScope scope;
    private final Tensor clip;
    private final Unit stem;
    private final List<Block> blocks = new ArrayList<>();
    private float[] features;

    /** A convolution and its batch norm, null where folded; {@code bias} is empty unless folded. */
    private record Unit(Tensor weight, TensorOptional bias, long[] stride, long[] padding, Norm norm) {}

    private record Norm(TensorOptional weight, TensorOptional bias, TensorOptional mean, TensorOptional variance) {}

    /** @param shortcut null for identity */
    private record Block(Unit shortcut, Unit a, Unit b, Unit c) {}

    /**
     * @param weights PySlowFast's names, convolutions as [O, I, kT, kH, kW]
     * @param clip [1, 16, 224, 224, 3]
     */
    LibtorchSlowD(Setting setting, Precision precision, Map<String, float[]> weights, float[] clip) {
        this.setting = setting;
        this.precision = precision;
        try (PointerScope building = new PointerScope()) {
            scope = building.extend();
            SlowConfig.Clip size = SlowConfig.SLOW_D_R50.clip();
            this.clip = stored(Tensor.create(clip, 1, size.frames(), size.crop(), size.crop(), 3).permute(0, 4, 1, 2, 3));
            stem = unit(weights, "s1.pathway0_stem.conv", "s1.pathway0_stem.bn", new long[] {64, 3, 5, 7, 7}, new long[] {2, 2, 2});
            addBlocks(weights);
        }
    }

    private void addBlocks(Map<String, float[]> weights) {
        List<SlowConfig.Stage> stages = SlowConfig.SLOW_D_R50.stages();
        long in = 64;
        for (int s = 0; s < stages.size(); s++) {
            SlowConfig.Stage stage = stages.get(s);
            long inner = 64L << s;
            for (int b = 0; b < stage.blocks(); b++) {
                String name = "s" + (s + 2) + ".pathway0_res" + b + ".";
                long step = b == 0 ? stage.spatialStride() : 1;
                long[] strides = {1, step, step};
                Unit shortcut = b > 0 ? null : unit(weights, name + "branch1", name + "branch1_bn", new long[] {4 * inner, in, 1, 1, 1}, strides);
                Unit first = unit(weights, name + "branch2.a", name + "branch2.a_bn", new long[] {inner, in, stage.temporalKernel(), 1, 1}, ONES);
                Unit second = unit(weights, name + "branch2.b", name + "branch2.b_bn", new long[] {inner, inner, 1, 3, 3}, strides);
                Unit third = unit(weights, name + "branch2.c", name + "branch2.c_bn", new long[] {4 * inner, inner, 1, 1, 1}, ONES);
                blocks.add(new Block(shortcut, first, second, third));
                in = 4 * inner;
            }
        }
    }

    private Unit unit(Map<String, float[]> weights, String convolution, String norm, long[] shape, long[] stride) {
        float[] weight = weights.get(convolution + ".weight").clone();
        float[] gamma = weights.get(norm + ".weight");
        float[] beta = weights.get(norm + ".bias");
        float[] mean = weights.get(norm + ".running_mean");
        float[] variance = weights.get(norm + ".running_var");
        long[] padding = {shape[2] / 2, shape[3] / 2, shape[4] / 2};
        if (setting != Setting.FOLDED) {
            return new Unit(stored(Tensor.create(weight, shape)), new TensorOptional(), stride, padding,
                new Norm(vector(gamma), vector(beta), vector(mean), vector(variance)));
        }
        float[] bias = new float[gamma.length];
        int filter = weight.length / gamma.length;
        for (int o = 0; o < gamma.length; o++) {
            double scale = gamma[o] / Math.sqrt(variance[o] + EPSILON);
            bias[o] = (float) (beta[o] - mean[o] * scale);
            for (int i = o * filter; i < (o + 1) * filter; i++) {
                weight[i] = (float) (weight[i] * scale);
            }
        }
        return new Unit(stored(Tensor.create(weight, shape)), vector(bias), stride, padding, null);
    }

    private TensorOptional vector(float[] values) {
        return new TensorOptional(Tensor.create(values, values.length).to(type()));
    }

    private Tensor stored(Tensor tensor) {
        torch.MemoryFormat format = setting == Setting.CONTIGUOUS ? torch.MemoryFormat.Contiguous : torch.MemoryFormat.ChannelsLast3d;
        Tensor result = tensor.to(type()).contiguous(format).clone();
        tensor.close();
        return result;
    }

    private torch.ScalarType type() {
        return precision == Precision.BF16 ? torch.ScalarType.BFloat16 : torch.ScalarType.Float;
    }

    @Override
    public String name() {
        return "libtorch " + setting.text;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public void run() {
        try (PointerScope temporaries = new PointerScope(); NoGradGuard guard = new NoGradGuard()) {
            Tensor x = rectified(apply(stem, clip));
            Tensor pooled = torch.max_pool3d(x, new long[] {1, 3, 3}, new long[] {1, 2, 2}, new long[] {0, 1, 1}, ONES, false);
            x.close();
            x = pooled;
            for (Block block : blocks) {
                x = apply(block, x);
            }
            Tensor feature = torch.mean(x, new long[] {2, 3, 4}, false, new ScalarTypeOptional()).to(torch.ScalarType.Float).contiguous();
            FloatPointer values = new FloatPointer(feature.data_ptr());
            features = new float[(int) feature.numel()];
            values.get(features);
        }
    }

    /** Takes over {@code x}. */
    private static Tensor apply(Block block, Tensor x) {
        Tensor a = rectified(apply(block.a, x));
        Tensor b = rectified(apply(block.b, a));
        a.close();
        Tensor c = apply(block.c, b);
        b.close();
        Tensor shortcut = x;
        if (block.shortcut != null) {
            shortcut = apply(block.shortcut, x);
            x.close();
        }
        c.add_(shortcut);
        shortcut.close();
        return rectified(c);
    }

    private static Tensor apply(Unit unit, Tensor x) {
        Tensor y = torch.conv3d(x, unit.weight, unit.bias, unit.stride, unit.padding, ONES, 1);
        if (unit.norm == null) {
            return y;
        }
        Norm norm = unit.norm;
        Tensor normed = torch.batch_norm(y, norm.weight, norm.bias, norm.mean, norm.variance, false, 0.1, EPSILON, false);
        y.close();
        return normed;
    }

    private static Tensor rectified(Tensor x) {
        x.relu_();
        return x;
    }

    @Override
    public float[] features() {
        return features;
    }

    @Override
    public void close() {
        scope.close();
    }
}
