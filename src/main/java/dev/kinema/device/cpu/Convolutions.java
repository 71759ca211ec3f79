package dev.kinema.device.cpu;

import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.Op;
import java.util.Map;
import org.bytedeco.dnnl.convolution_backward_data;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.post_ops;
import org.bytedeco.dnnl.primitive_attr;

/**
 * Convolutions by oneDNN. A convolution takes its input as it is stored and oneDNN chooses the layout of its output, so that in a chain
 * nothing is reordered; where oneDNN has only its reference kernel for that, the input's layout is its choice too. In float32
 * {@link WinogradConvolutions} takes those that it computes faster. In training activations are blocked, and {@link SampledConvolutions},
 * {@link TemporalConvolutions} and {@link FrameConvolutions} take those that blocked layouts are slow for.
 */
final class Convolutions {
    private static final dnnl.algorithm DIRECT = dnnl.algorithm.convolution_direct;

    private Convolutions() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Conv3d.class, (l, n) -> {
            Conv3d op = (Conv3d) n.op();
            forward(l, n, op.stride(), op.padding(), false, false);
        });
        rules.put(FusedConv3d.class, (l, n) -> {
            FusedConv3d op = (FusedConv3d) n.op();
            forward(l, n, op.stride(), op.padding(), op.relu(), op.residual());
        });
        rules.put(Conv3dInputGradient.class, Convolutions::inputGradient);
        rules.put(Conv3dWeightGradient.class, Convolutions::weightGradient);
    }

    private static long[] longs(Extent e) {
        return new long[] {e.t(), e.h(), e.w()};
    }

    /** Padding on the far side: what the window needs beyond the near padding, which oneDNN wants exactly. */
    private static long[] farPadding(Shape in, Shape out, Extent kernel, Extent stride, Extent padding) {
        return new long[] {
            far(in.dim(1), out.dim(1), kernel.t(), stride.t(), padding.t()),
            far(in.dim(2), out.dim(2), kernel.h(), stride.h(), padding.h()),
            far(in.dim(3), out.dim(3), kernel.w(), stride.w(), padding.w())};
    }

    private static long far(int in, int out, int kernel, int stride, int padding) {
        return (long) (out - 1) * stride + kernel - in - padding;
    }

    private static Extent kernel(Shape weight) {
        return new Extent(weight.dim(2), weight.dim(3), weight.dim(4));
    }

    /** In training activations are blocked by 16 channels where that divides them. */
    static memory.desc preferred(Lowering l, Shape shape, DType dtype) {
        if (!l.training()) {
            return Layouts.videoAny(shape, dtype);
        }
        return shape.last() % 16 == 0 ? Layouts.videoBlocked(shape, dtype) : Layouts.video(shape, dtype);
    }

    /** Whether a video is stored in the type that convolutions compute in, blocked. */
    static boolean isBlocked(Lowering l, Value video) {
        Buffer buffer = l.of(video);
        return buffer.dtype() == l.compute() && !buffer.isPlain()
            && buffer.layout().equals(Layouts.videoBlocked(video.shape(), l.compute()));
    }

    private static void forward(Lowering l, Node node, Extent stride, Extent padding, boolean relu, boolean residual) {
        Value x = node.input(0);
        Value y = node.output(0);
        Shape weight = node.input(1).shape();
        DType dtype = l.compute();
        if (QuantizedConvolutions.covers(l, node)) {
            QuantizedConvolutions.forward(l, node, new Geometry(x.shape(), y.shape(), weight, stride, padding), relu, residual);
            return;
        }
        Geometry geometry = new Geometry(x.shape(), y.shape(), weight, stride, padding);
        if (!residual && WinogradConvolutions.forward(l, node, geometry, relu)) {
            return;
        }
        boolean bare = node.inputs().size() == 2 && !relu;
        if (bare && (SampledConvolutions.forward(l, node, geometry) || TemporalConvolutions.forward(l, node, geometry))) {
            return;
        }
        Value added = residual ? node.input(3) : null;
        boolean inPlace = residual && l.of(added).dtype() == dtype && l.dies(added);
        memory.desc source = stored(l, x, dtype);
        memory.desc target = inPlace ? l.of(added).video() : preferred(l, y.shape(), dtype);
        memory.desc addedDesc = residual ? l.of(added).video() : null;
        boolean bias = node.inputs().size() > 2;
        primitive_attr attributes = attributes(relu, addedDesc, inPlace);
        convolution_forward.primitive_desc desc = geometry.forward(l, source, target, bias, attributes);
        if (Primitive.isReference(desc)) {
            desc = geometry.forward(l, Layouts.videoAny(x.shape(), dtype), inPlace ? target : Layouts.videoAny(y.shape(), dtype), bias, attributes);
        }
        Buffer in = l.video(x, desc.src_desc(), dtype);
        Buffer filter = filter(l, node.input(1), Layouts.filter(weight, DType.F32), desc.weights_desc(), dtype);
        Primitive primitive = new Primitive(l, desc, new convolution_forward(desc)).read(dnnl.DNNL_ARG_SRC, in, desc.src_desc())
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc());
        if (bias) {
            Buffer b = l.plain(node.input(2));
            primitive.read(dnnl.DNNL_ARG_BIAS, b, b.flat());
        }
        Buffer out;
        if (inPlace) {
            out = l.overwrite(added, y);
            primitive.after(out);
        } else {
            out = l.define(y, dtype, desc.dst_desc());
            if (residual) {
                primitive.read(dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | dnnl.DNNL_ARG_SRC_1, l.of(added), addedDesc);
            }
        }
        primitive.write(dnnl.DNNL_ARG_DST, out, desc.dst_desc())
            .add("conv" + (bias ? "+bias" : "") + (residual ? inPlace ? "+sum" : "+add" : "") + (relu ? "+relu" : ""));
    }

    /** The input as it lies, in the type that convolutions compute in. */
    private static memory.desc stored(Lowering l, Value x, DType dtype) {
        Buffer buffer = l.of(x);
        return buffer.dtype() == dtype ? buffer.video() : Layouts.video(x.shape(), dtype);
    }

    static primitive_attr attributes(boolean relu, memory.desc added, boolean inPlace) {
        primitive_attr attributes = Primitive.attributes();
        post_ops ops = new post_ops();
        if (inPlace) {
            ops.append_sum();
        } else if (added != null) {
            ops.append_binary(dnnl.dnnl_binary_add, added);
        }
        if (relu) {
            ops.append_eltwise(dnnl.dnnl_eltwise_relu, 0, 0);
        }
        attributes.set_post_ops(ops);
        return attributes;
    }

    /**
     * Weights in the layout and type a kernel wants; done once per change of the weights where the program does not train them.
     *
     * @param typed the weights as they are typed, in as many dimensions as the primitive has
     */
    static Buffer filter(Lowering l, Value weight, memory.desc typed, memory.desc wanted, DType dtype) {
        Buffer plain = l.plain(weight);
        if (typed.equals(wanted)) {
            return plain;
        }
        Buffer packed = new Buffer(new Storage("filter", wanted.get_size(), Storage.Home.PLANNED), weight.shape(), dtype, wanted);
        l.reorder(plain, typed, packed, wanted, "filter");
        return packed;
    }

    private static void inputGradient(Lowering l, Node node) {
        Conv3dInputGradient op = (Conv3dInputGradient) node.op();
        Value dy = node.input(0);
        Value dx = node.output(0);
        DType dtype = l.compute();
        Geometry geometry = new Geometry(dx.shape(), dy.shape(), node.input(1).shape(), op.stride(), op.padding());
        if (WinogradConvolutions.inputGradient(l, node, geometry) || SampledConvolutions.inputGradient(l, node, geometry)
            || TemporalConvolutions.inputGradient(l, node, geometry)) {
            return;
        }
        convolution_backward_data.primitive_desc desc = geometry.backwardData(l, stored(l, dy, dtype), preferred(l, dx.shape(), dtype));
        if (Primitive.isReference(desc)) {
            desc = geometry.backwardData(l, Layouts.video(dy.shape(), dtype), Layouts.video(dx.shape(), dtype));
        }
        Buffer in = l.video(dy, desc.diff_dst_desc(), dtype);
        Buffer filter = filter(l, node.input(1), Layouts.filter(node.input(1).shape(), DType.F32), desc.weights_desc(), dtype);
        Buffer out = l.define(dx, dtype, desc.diff_src_desc());
        new Primitive(l, desc, new convolution_backward_data(desc)).read(dnnl.DNNL_ARG_DIFF_DST, in, desc.diff_dst_desc())
            .read(dnnl.DNNL_ARG_WEIGHTS, filter, desc.weights_desc()).write(dnnl.DNNL_ARG_DIFF_SRC, out, desc.diff_src_desc())
            .add("dgrad");
    }

    private static void weightGradient(Lowering l, Node node) {
        Conv3dWeightGradient op = (Conv3dWeightGradient) node.op();
        Value x = node.input(0);
        Value dy = node.input(1);
        Value dw = node.output(0);
        // oneDNN 3.13's bf16 kernels leave taps of a kernel that is longer than the film unwritten or wrong (two frames, a kernel of 3)
        DType dtype = dw.shape().dim(2) > x.shape().dim(1) ? DType.F32 : l.compute();
        Geometry geometry = new Geometry(x.shape(), dy.shape(), dw.shape(), op.stride(), op.padding());
        if (SampledConvolutions.weightGradient(l, node, geometry) || TemporalConvolutions.weightGradient(l, node, geometry)
            || FrameConvolutions.weightGradient(l, node, geometry)) {
            return;
        }
        convolution_backward_weights.primitive_desc desc = geometry.backwardWeights(l, dtype, stored(l, x, dtype), stored(l, dy, dtype));
        if (Primitive.isReference(desc)) {
            desc = geometry.backwardWeights(l, dtype, Layouts.video(x.shape(), dtype), Layouts.video(dy.shape(), dtype));
        }
        Buffer source = l.video(x, desc.src_desc(), dtype);
        Buffer gradient = l.video(dy, desc.diff_dst_desc(), dtype);
        weightGradient(l, desc, source, gradient, l.define(dw), Layouts.filter(dw.shape(), DType.F32));
    }

    /** @param plain the weights as they are typed, in as many dimensions as the primitive has */
    static void weightGradient(Lowering l, convolution_backward_weights.primitive_desc desc, Buffer source, Buffer gradient,
            Buffer out, memory.desc plain) {
        memory.desc made = desc.diff_weights_desc();
        boolean direct = made.equals(plain);
        Buffer target = direct ? out : new Buffer(new Storage("wgrad", made.get_size(), Storage.Home.PLANNED), out.shape(), DType.F32, made);
        new Primitive(l, desc, new convolution_backward_weights(desc)).read(dnnl.DNNL_ARG_SRC, source, desc.src_desc())
            .read(dnnl.DNNL_ARG_DIFF_DST, gradient, desc.diff_dst_desc()).write(dnnl.DNNL_ARG_DIFF_WEIGHTS, target, made).add("wgrad");
        if (!direct) {
            l.reorder(target, made, out, plain, "filter");
        }
    }

    /** Sizes of one convolution, from which the three primitives are described. */
    record Geometry(Shape x, Shape y, Shape weight, Extent stride, Extent padding) {
        long[] far() {
            return farPadding(x, y, kernel(weight), stride, padding);
        }

        convolution_forward.primitive_desc forward(Lowering l, memory.desc src, memory.desc dst, boolean bias, primitive_attr attributes) {
            return forward(l, src, Layouts.filterAny(weight, l.compute()), dst, bias, attributes);
        }

        convolution_forward.primitive_desc forward(Lowering l, memory.desc src, memory.desc filter, memory.desc dst, boolean bias,
                primitive_attr attributes) {
            dnnl.prop_kind kind = l.training() ? dnnl.prop_kind.forward_training : dnnl.prop_kind.forward_inference;
            if (bias) {
                memory.desc vector = Layouts.flat(y.last(), DType.F32);
                return new convolution_forward.primitive_desc(l.engine(), kind, DIRECT, src, filter, vector, dst, longs(stride),
                    longs(padding), far(), attributes, false);
            }
            return new convolution_forward.primitive_desc(l.engine(), kind, DIRECT, src, filter, dst, longs(stride), longs(padding), far(),
                attributes, false);
        }

        /** What the backward primitives ask for: the forward pass they belong to. */
        private convolution_forward.primitive_desc hint(Lowering l, DType dtype) {
            return new convolution_forward.primitive_desc(l.engine(), dnnl.prop_kind.forward_training, DIRECT,
                Layouts.videoAny(x, dtype), Layouts.filterAny(weight, dtype), Layouts.videoAny(y, dtype), longs(stride),
                longs(padding), far());
        }

        convolution_backward_data.primitive_desc backwardData(Lowering l, memory.desc dy, memory.desc dx) {
            return new convolution_backward_data.primitive_desc(l.engine(), DIRECT, dx, Layouts.filterAny(weight, l.compute()), dy,
                longs(stride), longs(padding), far(), hint(l, l.compute()), Primitive.attributes(), false);
        }

        convolution_backward_weights.primitive_desc backwardWeights(Lowering l, DType dtype, memory.desc src, memory.desc dy) {
            return new convolution_backward_weights.primitive_desc(l.engine(), DIRECT, src, Layouts.filterAny(weight, DType.F32), dy,
                longs(stride), longs(padding), far(), hint(l, dtype), Primitive.attributes(), false);
        }
    }
}
