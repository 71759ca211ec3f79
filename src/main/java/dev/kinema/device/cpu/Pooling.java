package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.AveragePool3dGradient;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.MaxPool3dGradient;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Window;
import java.util.List;
import java.util.Map;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.pooling_backward;
import org.bytedeco.dnnl.pooling_forward;

/** Pooling by oneDNN, in the layout its input is stored in; the global average in Java, summed in double. */
final class Pooling {
    private Pooling() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(MaxPool3d.class, (l, n) -> forward(l, n, ((MaxPool3d) n.op()).window(), dnnl.algorithm.pooling_max));
        rules.put(AveragePool3d.class,
            (l, n) -> forward(l, n, ((AveragePool3d) n.op()).window(), dnnl.algorithm.pooling_avg_include_padding));
        rules.put(MaxPool3dGradient.class, (l, n) -> backward(l, n, ((MaxPool3dGradient) n.op()).window(), dnnl.algorithm.pooling_max));
        rules.put(AveragePool3dGradient.class,
            (l, n) -> backward(l, n, ((AveragePool3dGradient) n.op()).window(), dnnl.algorithm.pooling_avg_include_padding));
        rules.put(GlobalAveragePool3d.class, Pooling::global);
    }

    private static long[] longs(Extent e) {
        return new long[] {e.t(), e.h(), e.w()};
    }

    private static long[] far(Shape in, Shape out, Window window) {
        long[] far = new long[3];
        long[] kernel = longs(window.kernel());
        long[] stride = longs(window.stride());
        long[] padding = longs(window.padding());
        for (int i = 0; i < 3; i++) {
            far[i] = (out.dim(i + 1) - 1) * stride[i] + kernel[i] - in.dim(i + 1) - padding[i];
        }
        return far;
    }

    private static pooling_forward.primitive_desc describe(Lowering l, dnnl.algorithm algorithm, boolean winners, memory.desc src,
            memory.desc dst, Shape in, Shape out, Window window) {
        return new pooling_forward.primitive_desc(l.engine(), winners ? dnnl.prop_kind.forward_training : dnnl.prop_kind.forward_inference,
            algorithm, src, dst, longs(window.stride()), longs(window.kernel()), new long[3], longs(window.padding()),
            far(in, out, window), Primitive.attributes(), false);
    }

    private static void forward(Lowering l, Node node, Window window, dnnl.algorithm algorithm) {
        Value x = node.input(0);
        Value y = node.output(0);
        Buffer in = l.of(x);
        boolean winners = algorithm == dnnl.algorithm.pooling_max && l.isRead(node.output(1));
        pooling_forward.primitive_desc desc = describe(l, algorithm, winners, in.video(), Layouts.videoAny(y.shape(), in.dtype()),
            x.shape(), y.shape(), window);
        Buffer out = l.define(y, in.dtype(), desc.dst_desc());
        Primitive primitive = new Primitive(l, desc, new pooling_forward(desc)).read(dnnl.DNNL_ARG_SRC, in, in.video())
            .write(dnnl.DNNL_ARG_DST, out, desc.dst_desc());
        if (winners) {
            memory.desc workspace = desc.workspace_desc();
            Buffer kept = l.define(node.output(1), DType.I32, workspace, workspace.get_size());
            primitive.write(dnnl.DNNL_ARG_WORKSPACE, kept, workspace);
        }
        primitive.add("pool");
    }

    private static void backward(Lowering l, Node node, Window window, dnnl.algorithm algorithm) {
        Value dy = node.input(0);
        Value dx = node.output(0);
        boolean winners = algorithm == dnnl.algorithm.pooling_max;
        Buffer in = l.of(dy);
        DType dtype = in.dtype();
        pooling_forward.primitive_desc forward = describe(l, algorithm, true, sameLayout(in, dx.shape()), in.video(), dx.shape(),
            dy.shape(), window);
        pooling_backward.primitive_desc desc = new pooling_backward.primitive_desc(l.engine(), algorithm, sameLayout(in, dx.shape()),
            in.video(), longs(window.stride()), longs(window.kernel()), new long[3], longs(window.padding()),
            far(dx.shape(), dy.shape(), window), forward, Primitive.attributes(), false);
        memory.desc gradient = desc.diff_dst_desc();
        Primitive primitive = new Primitive(l, desc, new pooling_backward(desc)).read(dnnl.DNNL_ARG_DIFF_DST, l.video(dy, gradient, dtype),
            gradient);
        if (winners) {
            Buffer kept = l.of(node.input(1));
            Buffer form = kept;
            if (!kept.layout().equals(desc.workspace_desc())) {
                form = new Buffer(new Storage("winners", desc.workspace_desc().get_size(), Storage.Home.PLANNED), dy.shape(), DType.I32,
                    desc.workspace_desc());
                l.reorder(kept, kept.layout(), form, desc.workspace_desc(), "winners");
            }
            primitive.read(dnnl.DNNL_ARG_WORKSPACE, form, desc.workspace_desc());
        }
        Buffer out = l.define(dx, dtype, desc.diff_src_desc());
        primitive.write(dnnl.DNNL_ARG_DIFF_SRC, out, desc.diff_src_desc()).add("pool gradient");
    }

    /** The layout of a buffer for another shape with the same channels. */
    private static memory.desc sameLayout(Buffer like, Shape shape) {
        return like.isPlain() ? Layouts.video(shape, like.dtype()) : Layouts.videoBlocked(shape, like.dtype());
    }

    private static void global(Lowering l, Node node) {
        Buffer x = l.plain(node.input(0));
        Buffer y = l.define(node.output(0));
        int channels = x.shape().last();
        int positions = (int) x.shape().product(1, 4);
        l.step("average", List.of(x), List.of(y), p -> {
            var in = x.floats();
            var out = y.floats();
            double[] sums = new double[y.elements()];
            Team.Range range = (from, to) -> {
                java.util.Arrays.fill(sums, from, to, 0);
                for (int at = from; at < to;) {
                    int n = at / channels;
                    int end = Math.min(to, (n + 1) * channels);
                    for (int s = 0; s < positions; s++) {
                        int base = (n * positions + s) * channels - n * channels;
                        for (int i = at; i < end; i++) {
                            sums[i] += in.get(base + i);
                        }
                    }
                    at = end;
                }
                for (int i = from; i < to; i++) {
                    out.put(i, (float) (sums[i] / positions));
                }
            };
            return () -> p.team().run(y.elements(), Math.max(64, 200_000 / positions), range);
        });
    }
}
