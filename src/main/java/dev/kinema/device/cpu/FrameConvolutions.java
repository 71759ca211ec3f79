package dev.kinema.device.cpu;

import dev.kinema.device.cpu.Convolutions.Geometry;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Extent;
import org.bytedeco.dnnl.convolution_backward_weights;
import org.bytedeco.dnnl.convolution_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;

/**
 * The gradient of the weights of bf16 kernels that see several pixels of one frame, as that of a convolution of two dimensions over a batch
 * of frames. Blocks of channels lie within frames then, and not frames within blocks: oneDNN 3.13 takes up to a fifth less time for that,
 * several times what it takes to bring both videos there. With a stride, or few pixels in a frame, its threads wait for one another: these
 * stay as they are.
 */
final class FrameConvolutions {
    private static final dnnl.algorithm DIRECT = dnnl.algorithm.convolution_direct;

    /** Of a frame: with 196 and more it is faster, with 49 slower. */
    private static final int PIXELS = 128;

    private FrameConvolutions() {}

    private static boolean covers(Lowering l, Geometry g) {
        Shape weight = g.weight();
        return l.training() && l.compute() == DType.BF16 && weight.dim(2) == 1 && weight.dim(3) * weight.dim(4) > 1
            && g.stride().equals(Extent.ONE) && g.y().dim(2) * g.y().dim(3) >= PIXELS && g.padding().t() == 0
            && g.x().last() % 16 == 0 && g.y().last() % 16 == 0;
    }

    /** Appends it; false where this is no way to compute it. */
    static boolean weightGradient(Lowering l, Node node, Geometry g) {
        Value x = node.input(0);
        Value dy = node.input(1);
        if (!covers(l, g) || !Convolutions.isBlocked(l, x) || !Convolutions.isBlocked(l, dy)) {
            return false;
        }
        memory.desc source = Layouts.framesBlocked(g.x(), DType.BF16);
        memory.desc target = Layouts.framesBlocked(g.y(), DType.BF16);
        long[] strides = {g.stride().h(), g.stride().w()};
        long[] near = {g.padding().h(), g.padding().w()};
        long[] far = {g.far()[1], g.far()[2]};
        convolution_forward.primitive_desc hint = new convolution_forward.primitive_desc(l.engine(), dnnl.prop_kind.forward_training, DIRECT,
            source, Layouts.frameFilter(g.weight(), DType.BF16, memory.format_tag.any), target, strides, near, far, Primitive.attributes(),
            false);
        convolution_backward_weights.primitive_desc desc = new convolution_backward_weights.primitive_desc(l.engine(), DIRECT, source,
            Layouts.frameFilter(g.weight(), DType.F32, memory.format_tag.any), target, strides, near, far, hint, Primitive.attributes(),
            false);
        if (Primitive.isReference(desc)) {
            return false;
        }
        Convolutions.weightGradient(l, desc, frames(l, x, source), frames(l, dy, target), l.define(node.output(0)),
            Layouts.frameFilter(g.weight(), DType.F32, memory.format_tag.oihw));
        return true;
    }

    /** A blocked video frame by frame. */
    private static Buffer frames(Lowering l, Value video, memory.desc layout) {
        Shape s = video.shape();
        long blocks = s.last() / 16;
        long frame = 16L * s.dim(2) * s.dim(3);
        long[] dims = {s.dim(0), s.dim(1), blocks, frame};
        long clip = s.dim(1) * blocks * frame;
        return l.part(video, s, layout, Layouts.strided(DType.BF16, dims, clip, frame, s.dim(1) * frame, 1),
            Layouts.strided(DType.BF16, dims, clip, blocks * frame, frame, 1));
    }
}
