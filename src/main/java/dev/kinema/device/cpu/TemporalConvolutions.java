package dev.kinema.device.cpu;

import dev.kinema.device.cpu.Convolutions.Geometry;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;

/**
 * Training's convolutions with kernels that see one pixel of several frames, as convolutions of two dimensions over frames seen as rows of
 * pixels: blocked frames and rows are the same memory. oneDNN's kernels for blocked layouts work on one row at a time, and the rows of deep
 * layers are short (14 or 7 pixels): over whole frames they are up to twice as fast.
 */
final class TemporalConvolutions {
    private static final dnnl.algorithm DIRECT = dnnl.algorithm.convolution_direct;

    private final Lowering l;
    private final Geometry geometry;
    private final DType dtype;
    private final memory.desc source;
    private final memory.desc target;
    private final long[] strides;
    private final long[] near;
    private final long[] far;

    private TemporalConvolutions(Lowering l, Geometry geometry) {
        this.l = l;
        this.geometry = geometry;
        this.dtype = l.compute();
        source = Layouts.rowsBlocked(geometry.x(), dtype);
        target = Layouts.rowsBlocked(geometry.y(), dtype);
        strides = new long[] {geometry.stride().t(), 1};
        near = new long[] {geometry.padding().t(), 0};
        far = new long[] {geometry.far()[0], 0};
    }

    /** Whether the kernel sees one pixel of several frames, at every pixel, and both videos can be blocked. */
    private static boolean covers(Lowering l, Geometry g) {
        Shape weight = g.weight();
        return l.training() && weight.dim(2) > 1 && weight.dim(2) <= g.x().dim(1) && weight.dim(3) == 1 && weight.dim(4) == 1
            && g.stride().h() == 1 && g.stride().w() == 1 && g.padding().h() == 0 && g.padding().w() == 0
            && g.x().last() % 16 == 0 && g.y().last() % 16 == 0;
    }

    private memory.desc filter(DType type) {
        return Layouts.temporalFilterAny(geometry.weight(), type);
    }

    private memory.desc plainFilter() {
        return Layouts.temporalFilter(geometry.weight());
    }

    private convolution_forward.primitive_desc forward() {
        return new convolution_forward.primitive_desc(l.engine(), dnnl.prop_kind.forward_training, DIRECT, source, filter(dtype), target,
            strides, near, far, Primitive.attributes(), false);
    }

    /** Appends a convolution that nothing is fused into; false where this is no way to compute it. */
    static boolean forward(Lowering l, Node node, Geometry geometry) {
        if (!covers(l, geometry) || !Convolutions.isBlocked(l, node.input(0))) {
            return false;
        }
        TemporalConvolutions rows = new TemporalConvolutions(l, geometry);
        if (rows.dtype == DType.BF16 && rows.forwardChannelsLast(node)) {
            return true;
        }
        convolution_forward.primitive_desc desc = rows.forward();
        if (Primitive.isReference(desc)) {
            return false;
        }
        Buffer in = l.of(node.input(0));
        Buffer filter = Convolutions.filter(l, node.input(1), rows.plainFilter(), desc.weights_desc(), rows.dtype);
        Buffer out = l.define(node.output(0), rows.dtype, Layouts.videoBlocked(geometry.y(), rows.dtype));
        new Primitive(l, desc, new convolution_forward(desc)).read(dnnl.DNNL_ARG_SRC, in, rows.source)
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc()).write(dnnl.DNNL_ARG_DST, out, rows.target).add("conv");
        return true;
    }

    /**
     * In bf16 oneDNN 3.13's kernel for blocked layouts takes two to four times as long as that for channels last, with the reorders to it
     * and back; batch norms are faster in blocked ones by more than that.
     */
    private boolean forwardChannelsLast(Node node) {
        memory.desc from = Layouts.video(geometry.x(), dtype);
        memory.desc to = Layouts.video(geometry.y(), dtype);
        convolution_forward.primitive_desc desc = geometry.forward(l, from, to, false, Primitive.attributes());
        if (!Primitive.implementation(desc).startsWith("brg")) {
            return false;
        }
        Buffer in = l.video(node.input(0), from, dtype);
        Buffer filter = Convolutions.filter(l, node.input(1), Layouts.filter(geometry.weight(), DType.F32), desc.weights_desc(), dtype);
        Buffer made = Buffer.plain(new Storage("channels last", to.get_size(), Storage.Home.PLANNED), geometry.y(), dtype);
        new Primitive(l, desc, new convolution_forward(desc)).read(dnnl.DNNL_ARG_SRC, in, from)
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc()).write(dnnl.DNNL_ARG_DST, made, to).add("conv");
        memory.desc blocked = Layouts.videoBlocked(geometry.y(), dtype);
        l.reorder(made, to, l.define(node.output(0), dtype, blocked), blocked, "bf16");
        return true;
    }

    /** Appends the gradient of the input; false where this is no way to compute it. */
    static boolean inputGradient(Lowering l, Node node, Geometry geometry) {
        if (!covers(l, geometry) || !Convolutions.isBlocked(l, node.input(0))) {
            return false;
        }
        TemporalConvolutions rows = new TemporalConvolutions(l, geometry);
        convolution_backward_data.primitive_desc desc = new convolution_backward_data.primitive_desc(l.engine(), DIRECT, rows.source,
            rows.filter(rows.dtype), rows.target, rows.strides, rows.near, rows.far, rows.forward(), Primitive.attributes(), false);
        if (Primitive.isReference(desc)) {
            return false;
        }
        Buffer in = l.of(node.input(0));
        Buffer filter = Convolutions.filter(l, node.input(1), rows.plainFilter(), desc.weights_desc(), rows.dtype);
        Buffer out = l.define(node.output(0), rows.dtype, Layouts.videoBlocked(geometry.x(), rows.dtype));
        new Primitive(l, desc, new convolution_backward_data(desc)).read(dnnl.DNNL_ARG_DIFF_DST, in, rows.target)
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc()).write(dnnl.DNNL_ARG_DIFF_SRC, out, rows.source).add("dgrad");
        return true;
    }

    /** Appends the gradient of the weights; false where this is no way to compute it. */
    static boolean weightGradient(Lowering l, Node node, Geometry geometry) {
        if (!covers(l, geometry) || !Convolutions.isBlocked(l, node.input(0)) || !Convolutions.isBlocked(l, node.input(1))) {
            return false;
        }
        TemporalConvolutions rows = new TemporalConvolutions(l, geometry);
        convolution_backward_weights.primitive_desc desc = new convolution_backward_weights.primitive_desc(l.engine(), DIRECT, rows.source,
            rows.filter(DType.F32), rows.target, rows.strides, rows.near, rows.far, rows.forward(), Primitive.attributes(), false);
        if (Primitive.isReference(desc)) {
            return false;
        }
        Convolutions.weightGradient(l, desc, l.of(node.input(0)), l.of(node.input(1)), l.define(node.output(0)), rows.plainFilter());
        return true;
    }
}
