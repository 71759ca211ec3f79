package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.BatchNormGradient;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.L2NormalizeGradient;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.LayerNormGradient;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.ReluGradient;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.batch_normalization_backward;
import org.bytedeco.dnnl.batch_normalization_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.layer_normalization_backward;
import org.bytedeco.dnnl.layer_normalization_forward;
import org.bytedeco.dnnl.memory;

/** Batch and layer norm by oneDNN; float32 batches' statistics, folding and L2 normalisation in Java. */
final class Normalization {
    private static final int AFFINE = dnnl.dnnl_use_scale | dnnl.dnnl_use_shift;

    private Normalization() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(BatchNorm.class, (l, n) -> batchNorm(l, n, ((BatchNorm) n.op()).epsilon(), true));
        rules.put(BatchNormInference.class, (l, n) -> batchNorm(l, n, ((BatchNormInference) n.op()).epsilon(), false));
        rules.put(BatchNormGradient.class, Normalization::batchNormGradient);
        rules.put(FoldBatchNorm.class, Normalization::fold);
        rules.put(LayerNorm.class, Normalization::layerNorm);
        rules.put(LayerNormGradient.class, Normalization::layerNormGradient);
        rules.put(L2Normalize.class, Normalization::l2);
        rules.put(L2NormalizeGradient.class, Normalization::l2Gradient);
    }

    /** Video as video; any other value as [rows, channels]. */
    private static memory.desc channels(Buffer buffer) {
        return buffer.shape().rank() == 5 ? buffer.video() : buffer.matrix();
    }

    private static int flags(boolean batch, boolean relu) {
        return AFFINE | (batch ? 0 : dnnl.dnnl_use_global_stats) | (relu ? dnnl.dnnl_fuse_norm_relu : 0);
    }

    private static batch_normalization_forward.primitive_desc describe(Lowering l, memory.desc x, double epsilon, int flags) {
        return new batch_normalization_forward.primitive_desc(l.engine(), dnnl.dnnl_forward_training, x, x, (float) epsilon, flags,
            Primitive.attributes(), false);
    }

    private static void batchNorm(Lowering l, Node node, double epsilon, boolean batch) {
        Buffer x = l.of(node.input(0));
        memory.desc form = channels(x);
        memory.desc vector = Layouts.flat(x.shape().last(), DType.F32);
        Buffer mean = batch ? l.define(node.output(1)) : l.plain(node.input(3));
        Buffer variance = batch ? l.define(node.output(2)) : l.plain(node.input(4));
        // bf16 has fewer digits than float32 sums lose: there oneDNN computes the statistics, too
        boolean ours = batch && x.dtype() == DType.F32;
        if (ours) {
            statistics(l, BatchStatistics.reads(x) ? x : l.plain(node.input(0)), mean, variance);
        }
        boolean relu = Elementwise.isOnlyRectified(l, node.output(0));
        batch_normalization_forward.primitive_desc desc = describe(l, form, epsilon, flags(batch && !ours, relu));
        if (relu && Primitive.isReference(desc)) {
            relu = false;
            desc = describe(l, form, epsilon, flags(batch && !ours, false));
        }
        Buffer y = l.define(node.output(0), x.dtype(), x.layout(), form.get_size());
        Primitive primitive = new Primitive(l, desc, new batch_normalization_forward(desc)).read(dnnl.DNNL_ARG_SRC, x, form)
            .read(dnnl.DNNL_ARG_SCALE, l.plain(node.input(1)), vector).read(dnnl.DNNL_ARG_SHIFT, l.plain(node.input(2)), vector)
            .write(dnnl.DNNL_ARG_DST, y, form);
        if (batch && !ours) {
            primitive.write(dnnl.DNNL_ARG_MEAN, mean, vector).write(dnnl.DNNL_ARG_VARIANCE, variance, vector);
        } else {
            primitive.read(dnnl.DNNL_ARG_MEAN, mean, vector).read(dnnl.DNNL_ARG_VARIANCE, variance, vector);
        }
        if (relu) {
            memory.desc mask = desc.workspace_desc();
            Buffer open = new Buffer(new Storage("mask", mask.get_size(), Storage.Home.PLANNED), x.shape(), DType.U8, mask);
            primitive.write(dnnl.DNNL_ARG_WORKSPACE, open, mask);
            l.hints().rectified(node.output(0));
            l.hints().masked(node.output(0), open);
        }
        primitive.add("batch norm" + (relu ? "+relu" : ""));
    }

    /** Whether a ReLU's gradient is left to that of the norm before it, which is its only reader and knows where the ReLU is open. */
    static boolean takesOver(Lowering l, Node relu) {
        Value dx = relu.output(0);
        List<Node> readers = l.readers(dx);
        if (readers.size() != 1 || mask(l, readers.get(0), relu) == null) {
            return false;
        }
        if (l.dies(relu.input(0))) {
            l.overwrite(relu.input(0), dx);
        } else {
            l.set(dx, l.of(relu.input(0)));
        }
        return true;
    }

    /** Where the ReLU is open whose gradient this norm's reads; null if that is no ReLU of its own, or one of another step. */
    private static Buffer mask(Lowering l, Node normGradient, Node reluGradient) {
        if (!(normGradient.op() instanceof BatchNormGradient) || !(reluGradient.op() instanceof ReluGradient)) {
            return null;
        }
        Node relu = reluGradient.input(1).node();
        boolean own = relu.op() instanceof Relu && relu.input(0).node().op() instanceof BatchNorm
            && relu.input(0).node().input(0) == normGradient.input(1) && normGradient.input(0) == reluGradient.output(0);
        return own ? l.hints().mask(relu.input(0)) : null;
    }

    private static void statistics(Lowering l, Buffer x, Buffer mean, Buffer variance) {
        l.step("statistics", List.of(x), List.of(mean, variance), p -> {
            BatchStatistics statistics = new BatchStatistics(x, mean, variance);
            int grain = 1 + Elementwise.GRAIN / statistics.runSize();
            Team.Range range = statistics::add;
            return () -> {
                p.team().run(statistics.runs(), grain, range);
                statistics.finish();
            };
        });
    }

    private static void batchNormGradient(Lowering l, Node node) {
        BatchNormGradient op = (BatchNormGradient) node.op();
        Buffer x = l.of(node.input(1));
        memory.desc form = channels(x);
        memory.desc vector = Layouts.flat(x.shape().last(), DType.F32);
        Buffer dy = x.shape().rank() == 5 ? l.video(node.input(0), form, x.dtype()) : l.plain(node.input(0), x.dtype());
        Buffer open = mask(l, node, node.input(0).node());
        int flags = flags(op.batchStatistics(), open != null);
        batch_normalization_backward.primitive_desc desc = new batch_normalization_backward.primitive_desc(l.engine(),
            dnnl.dnnl_backward, form, form, form, (float) op.epsilon(), flags, describe(l, form, op.epsilon(), flags),
            Primitive.attributes(), false);
        Buffer dx = l.define(node.output(0), x.dtype(), x.layout(), form.get_size());
        Primitive primitive = new Primitive(l, desc, new batch_normalization_backward(desc));
        if (open != null) {
            if (!desc.workspace_desc().equals(open.layout())) {
                throw new IllegalStateException("a norm's gradient reads another mask than its norm wrote: " + node);
            }
            primitive.read(dnnl.DNNL_ARG_WORKSPACE, open, open.layout());
        }
        primitive.read(dnnl.DNNL_ARG_SRC, x, form)
            .read(dnnl.DNNL_ARG_DIFF_DST, dy, form).read(dnnl.DNNL_ARG_SCALE, l.plain(node.input(2)), vector)
            .read(dnnl.DNNL_ARG_MEAN, l.plain(node.input(3)), vector).read(dnnl.DNNL_ARG_VARIANCE, l.plain(node.input(4)), vector)
            .write(dnnl.DNNL_ARG_DIFF_SRC, dx, form).write(dnnl.DNNL_ARG_DIFF_SCALE, l.define(node.output(1)), vector)
            .write(dnnl.DNNL_ARG_DIFF_SHIFT, l.define(node.output(2)), vector).add("batch norm gradient");
    }

    private static void fold(Lowering l, Node node) {
        double epsilon = ((FoldBatchNorm) node.op()).epsilon();
        List<Buffer> in = node.inputs().stream().map(l::plain).toList();
        Buffer weight = l.define(node.output(0));
        Buffer bias = l.define(node.output(1));
        int outputs = in.get(1).elements();
        int row = in.get(0).elements() / Math.max(1, outputs);
        l.step("fold", in, List.of(weight, bias), p -> {
            var w = in.get(0).floats();
            var gamma = in.get(1).floats();
            var beta = in.get(2).floats();
            var mean = in.get(3).floats();
            var variance = in.get(4).floats();
            var folded = weight.floats();
            var shift = bias.floats();
            return () -> {
                for (int o = 0; o < outputs; o++) {
                    double s = gamma.get(o) / Math.sqrt(variance.get(o) + epsilon);
                    shift.put(o, (float) (beta.get(o) - mean.get(o) * s));
                    for (int i = o * row; i < (o + 1) * row; i++) {
                        folded.put(i, (float) (w.get(i) * s));
                    }
                }
            };
        });
    }

    private static layer_normalization_forward.primitive_desc describe(Lowering l, Buffer x, memory.desc rows, double epsilon) {
        return new layer_normalization_forward.primitive_desc(l.engine(), dnnl.dnnl_forward_training, x.matrix(), x.matrix(), rows,
            (float) epsilon, AFFINE, Primitive.attributes(), false);
    }

    private static void layerNorm(Lowering l, Node node) {
        Buffer x = l.plain(node.input(0));
        memory.desc rows = Layouts.flat(x.shape().rows(), DType.F32);
        memory.desc vector = Layouts.flat(x.shape().last(), DType.F32);
        layer_normalization_forward.primitive_desc desc = describe(l, x, rows, ((LayerNorm) node.op()).epsilon());
        new Primitive(l, desc, new layer_normalization_forward(desc)).read(dnnl.DNNL_ARG_SRC, x, x.matrix())
            .read(dnnl.DNNL_ARG_SCALE, l.plain(node.input(1)), vector).read(dnnl.DNNL_ARG_SHIFT, l.plain(node.input(2)), vector)
            .write(dnnl.DNNL_ARG_DST, l.define(node.output(0)), x.matrix()).write(dnnl.DNNL_ARG_MEAN, l.define(node.output(1)), rows)
            .write(dnnl.DNNL_ARG_VARIANCE, l.define(node.output(2)), rows).add("layer norm");
    }

    private static void layerNormGradient(Lowering l, Node node) {
        double epsilon = ((LayerNormGradient) node.op()).epsilon();
        Buffer dy = l.plain(node.input(0));
        Buffer x = l.plain(node.input(1));
        memory.desc rows = Layouts.flat(x.shape().rows(), DType.F32);
        memory.desc vector = Layouts.flat(x.shape().last(), DType.F32);
        layer_normalization_backward.primitive_desc desc = new layer_normalization_backward.primitive_desc(l.engine(), dnnl.dnnl_backward,
            x.matrix(), x.matrix(), x.matrix(), rows, (float) epsilon, AFFINE, describe(l, x, rows, epsilon), Primitive.attributes(), false);
        new Primitive(l, desc, new layer_normalization_backward(desc)).read(dnnl.DNNL_ARG_SRC, x, x.matrix())
            .read(dnnl.DNNL_ARG_DIFF_DST, dy, x.matrix()).read(dnnl.DNNL_ARG_SCALE, l.plain(node.input(2)), vector)
            .read(dnnl.DNNL_ARG_MEAN, l.plain(node.input(3)), rows).read(dnnl.DNNL_ARG_VARIANCE, l.plain(node.input(4)), rows)
            .write(dnnl.DNNL_ARG_DIFF_SRC, l.define(node.output(0)), x.matrix())
            .write(dnnl.DNNL_ARG_DIFF_SCALE, l.define(node.output(1)), vector)
            .write(dnnl.DNNL_ARG_DIFF_SHIFT, l.define(node.output(2)), vector).add("layer norm gradient");
    }

    private static void l2(Lowering l, Node node) {
        double epsilon = ((L2Normalize) node.op()).epsilon();
        Buffer x = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        Buffer norms = l.define(node.output(1));
        Shape shape = x.shape();
        int width = shape.last();
        l.step("l2 normalize", List.of(x), List.of(y, norms), p -> {
            var in = x.floats();
            var out = y.floats();
            var norm = norms.floats();
            Team.Range range = (from, to) -> {
                for (int r = from; r < to; r++) {
                    double sum = 0;
                    for (int i = r * width; i < (r + 1) * width; i++) {
                        double v = in.get(i);
                        sum += v * v;
                    }
                    double n = Math.sqrt(sum);
                    norm.put(r, (float) n);
                    double scale = 1 / Math.max(n, epsilon);
                    for (int i = r * width; i < (r + 1) * width; i++) {
                        out.put(i, (float) (in.get(i) * scale));
                    }
                }
            };
            return () -> p.team().run((int) shape.rows(), 1 + 100_000 / width, range);
        });
    }

    private static void l2Gradient(Lowering l, Node node) {
        double epsilon = ((L2NormalizeGradient) node.op()).epsilon();
        List<Buffer> in = node.inputs().stream().map(l::plain).toList();
        Buffer dx = l.define(node.output(0));
        int width = dx.shape().last();
        l.step("l2 normalize gradient", in, List.of(dx), p -> {
            var dy = in.get(0).floats();
            var y = in.get(1).floats();
            var norm = in.get(2).floats();
            var out = dx.floats();
            Team.Range range = (from, to) -> {
                for (int r = from; r < to; r++) {
                    double n = norm.get(r);
                    double dot = 0;
                    for (int i = r * width; n >= epsilon && i < (r + 1) * width; i++) {
                        dot += (double) y.get(i) * dy.get(i);
                    }
                    double scale = 1 / Math.max(n, epsilon);
                    for (int i = r * width; i < (r + 1) * width; i++) {
                        out.put(i, (float) ((dy.get(i) - y.get(i) * dot) * scale));
                    }
                }
            };
            return () -> p.team().run((int) dx.shape().rows(), 1 + 100_000 / width, range);
        });
    }
}
