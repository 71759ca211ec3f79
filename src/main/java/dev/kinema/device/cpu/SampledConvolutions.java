package dev.kinema.device.cpu;

import dev.kinema.device.cpu.Convolutions.Geometry;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Extent;
import java.util.List;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.reorder;

/**
 * Training's convolutions of single pixels that step over pixels, a stage's shortcuts: as convolutions of the pixels that they see. oneDNN's
 * kernels for blocked layouts take up to six times as long with a stride, and with the pixels gathered beforehand nearly none of it is lost.
 * The gradient of the input is 0 elsewhere: it is added to the other branch's where it is not.
 */
final class SampledConvolutions {
    private static final int LANES = 16;

    private SampledConvolutions() {}

    /** Sizes that strides do not divide are left out, as oneDNN takes no view whose last row would reach into the next frame. */
    private static boolean covers(Lowering l, Geometry g) {
        Shape w = g.weight();
        boolean whole = g.y().dim(2) * g.stride().h() == g.x().dim(2) && g.y().dim(3) * g.stride().w() == g.x().dim(3);
        boolean sampled = whole && g.stride().t() == 1 && g.stride().h() * g.stride().w() > 1;
        return l.training() && sampled && w.dim(2) * w.dim(3) * w.dim(4) == 1 && g.padding().equals(Extent.ZERO)
            && g.x().last() % LANES == 0 && g.y().last() % LANES == 0;
    }

    /** The convolution of the pixels that are seen. */
    private static Geometry dense(Geometry g) {
        Shape y = g.y();
        return new Geometry(Shape.of(y.dim(0), y.dim(1), y.dim(2), y.dim(3), g.x().last()), y, g.weight(), Extent.ONE, Extent.ZERO);
    }

    /** The pixels of a blocked video that are seen, among the others; frames and blocks of channels are one axis. */
    private static memory.desc among(Geometry g, DType dtype) {
        return pixels(g, dtype, g.x().dim(2), g.x().dim(3), g.stride().h(), g.stride().w());
    }

    /** These pixels alone. */
    private static memory.desc alone(Geometry g, DType dtype) {
        return pixels(g, dtype, g.y().dim(2), g.y().dim(3), 1, 1);
    }

    private static memory.desc pixels(Geometry g, DType dtype, long height, long width, long down, long right) {
        long frames = (long) g.x().dim(0) * g.x().dim(1) * g.x().last() / LANES;
        return Layouts.strided(dtype, new long[] {frames, g.y().dim(2), g.y().dim(3), LANES}, height * width * LANES, down * width * LANES,
            right * LANES, 1);
    }

    private static Buffer sample(Lowering l, Value x, Geometry g, Geometry dense) {
        DType dtype = l.compute();
        return l.part(x, dense.x(), Layouts.videoBlocked(dense.x(), dtype), among(g, dtype), alone(g, dtype));
    }

    /** Appends a convolution that nothing is fused into; false where this is no way to compute it. */
    static boolean forward(Lowering l, Node node, Geometry g) {
        if (!covers(l, g) || !Convolutions.isBlocked(l, node.input(0))) {
            return false;
        }
        Geometry dense = dense(g);
        DType dtype = l.compute();
        memory.desc source = Layouts.videoBlocked(dense.x(), dtype);
        memory.desc target = Layouts.videoBlocked(dense.y(), dtype);
        convolution_forward.primitive_desc desc = dense.forward(l, source, target, false, Primitive.attributes());
        if (Primitive.isReference(desc)) {
            return false;
        }
        Buffer filter = Convolutions.filter(l, node.input(1), Layouts.filter(g.weight(), DType.F32), desc.weights_desc(), dtype);
        new Primitive(l, desc, new convolution_forward(desc)).read(dnnl.DNNL_ARG_SRC, sample(l, node.input(0), g, dense), source)
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc())
            .write(dnnl.DNNL_ARG_DST, l.define(node.output(0), dtype, target), target).add("conv");
        return true;
    }

    /** Appends the gradient of the weights; false where this is no way to compute it. */
    static boolean weightGradient(Lowering l, Node node, Geometry g) {
        if (!covers(l, g) || !Convolutions.isBlocked(l, node.input(0)) || !Convolutions.isBlocked(l, node.input(1))) {
            return false;
        }
        Geometry dense = dense(g);
        DType dtype = l.compute();
        convolution_backward_weights.primitive_desc desc = dense.backwardWeights(l, dtype, Layouts.videoBlocked(dense.x(), dtype),
            Layouts.videoBlocked(dense.y(), dtype));
        if (Primitive.isReference(desc)) {
            return false;
        }
        Convolutions.weightGradient(l, desc, sample(l, node.input(0), g, dense), l.of(node.input(1)), l.define(node.output(0)),
            Layouts.filter(g.weight(), DType.F32));
        return true;
    }

    /** Appends the gradient of the input at the pixels that are seen, for {@link #add}; false where this is no way to compute it. */
    static boolean inputGradient(Lowering l, Node node, Geometry g) {
        if (!covers(l, g) || !Convolutions.isBlocked(l, node.input(0)) || !isAdded(l, node.output(0))) {
            return false;
        }
        Geometry dense = dense(g);
        DType dtype = l.compute();
        memory.desc target = Layouts.videoBlocked(dense.x(), dtype);
        convolution_backward_data.primitive_desc desc = dense.backwardData(l, Layouts.videoBlocked(dense.y(), dtype), target);
        if (Primitive.isReference(desc)) {
            return false;
        }
        Buffer filter = Convolutions.filter(l, node.input(1), Layouts.filter(g.weight(), DType.F32), desc.weights_desc(), dtype);
        Buffer seen = new Buffer(new Storage("seen", target.get_size(), Storage.Home.PLANNED), dense.x(), dtype, target);
        new Primitive(l, desc, new convolution_backward_data(desc))
            .read(dnnl.DNNL_ARG_DIFF_DST, l.of(node.input(0)), desc.diff_dst_desc())
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc()).write(dnnl.DNNL_ARG_DIFF_SRC, seen, target).add("dgrad");
        l.hints().sampled(node.output(0), new Samples(seen, alone(g, dtype), among(g, dtype)));
        return true;
    }

    /** Whether the value is only added to one that is stored as a whole. */
    private static boolean isAdded(Lowering l, Value value) {
        List<Node> readers = l.readers(value);
        if (readers.size() != 1 || !(readers.get(0).op() instanceof Add)) {
            return false;
        }
        Value other = other(readers.get(0), value);
        return other != value && other.shape().equals(value.shape()) && l.hints().samples(other) == null;
    }

    private static Value other(Node sum, Value value) {
        return sum.input(0) == value ? sum.input(1) : sum.input(0);
    }

    /**
     * A value that is 0 but at some pixels.
     *
     * @param alone how these lie in {@code seen}
     * @param among how they lie in the whole value, blocked
     */
    record Samples(Buffer seen, memory.desc alone, memory.desc among) {}

    /** Appends a sum with what {@link #inputGradient} left to be added; false where neither operand is such. */
    static boolean add(Lowering l, Node sum) {
        Value sampled = l.hints().samples(sum.input(0)) != null ? sum.input(0) : sum.input(1);
        Samples samples = l.hints().samples(sampled);
        if (samples == null) {
            return false;
        }
        Value whole = other(sum, sampled);
        DType dtype = l.compute();
        memory.desc form = Layouts.videoBlocked(whole.shape(), dtype);
        Buffer target;
        if (Convolutions.isBlocked(l, whole) && l.dies(whole)) {
            target = l.overwrite(whole, sum.output(0));
        } else {
            target = l.define(sum.output(0), dtype, form);
            l.reorder(l.of(whole), l.of(whole).video(), target, form, dtype.toString());
        }
        primitive_attr attributes = Primitive.attributes();
        post_ops ops = new post_ops();
        ops.append_sum();
        attributes.set_post_ops(ops);
        reorder.primitive_desc desc = new reorder.primitive_desc(l.engine(), samples.alone(), l.engine(), samples.among(), attributes, false);
        new Primitive(l, desc, new reorder(desc)).read(dnnl.DNNL_ARG_FROM, samples.seen(), samples.alone()).after(target)
            .write(dnnl.DNNL_ARG_TO, target, samples.among()).add("sum of pixels");
        return true;
    }
}
