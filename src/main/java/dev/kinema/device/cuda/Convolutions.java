package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Convolutions: maps in the program's precision, channels last, weights packed, their gradient in float32. */
final class Convolutions {
    private Convolutions() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Conv3d.class, (l, n) -> {
            Conv3d op = (Conv3d) n.op();
            forward(l, n, new Geometry(n.input(0).shape(), n.input(1).shape(), op.stride(), op.padding()), false, false);
        });
        rules.put(FusedConv3d.class, (l, n) -> {
            FusedConv3d op = (FusedConv3d) n.op();
            Geometry geometry = new Geometry(n.input(0).shape(), n.input(1).shape(), op.stride(), op.padding());
            forward(l, n, geometry, op.relu(), op.residual());
        });
        rules.put(Conv3dInputGradient.class, Convolutions::inputGradient);
        rules.put(Conv3dWeightGradient.class, Convolutions::weightGradient);
    }

    private static void forward(Lowering l, Node node, Geometry g, boolean relu, boolean residual) {
        Value result = node.output(0);
        DType dtype = l.compute();
        Buffer x = l.of(node.input(0), dtype);
        Buffer packed = packed(l, node.input(1), g);
        Buffer bias = node.inputs().size() > 2 ? l.of(node.input(2), DType.F32) : null;
        Buffer added = residual ? l.of(node.input(3), dtype) : null;
        // y may overwrite the residual, which is read element by element where y is written; not a converted copy that others share
        Buffer y = residual && added == l.of(node.input(3)) ? l.like(node.input(3), result) : l.define(result, dtype);
        Buffer workspace = l.scratch(g.forwardWorkspace(y.code()), "conv3d.forward");
        List<Buffer> reads = new ArrayList<>(List.of(x, packed));
        if (bias != null) {
            reads.add(bias);
        }
        if (added != null) {
            reads.add(added);
        }
        l.step("conv3d.forward" + (bias == null ? "" : "+bias") + (residual ? "+residual" : "") + (relu ? "+relu" : ""), reads,
            List.of(y, workspace), stream -> g.forward(y, x, packed, bias, added, relu, workspace, stream));
    }

    /**
     * Weights as the kernels read them, for all who ask; done once per change of the weights where the program does not train them. Those of
     * single taps in float32 with rows of whole 16 bytes are so already.
     */
    private static Buffer packed(Lowering l, Value weight, Geometry g) {
        Buffer plain = l.of(weight, DType.F32);
        int code = Buffer.code(l.compute());
        long elements = g.packedElements(code);
        if (l.compute() == DType.F32 && g.taps() == 1 && elements == plain.elements()) {
            return plain;
        }
        List<Buffer> left = l.left(weight);
        if (!left.isEmpty()) {
            return left.get(0);
        }
        Buffer packed = new Buffer(new Storage("filter", elements * l.compute().bytes(), Storage.Home.PLANNED),
            Shape.of(Math.toIntExact(elements)), l.compute());
        l.step("conv3d.pack", List.of(plain), List.of(packed), stream -> Kinema.kn_conv3d_pack(packed.address(), plain.address(), g.o(),
            g.i(), g.kT(), g.kH(), g.kW(), code, stream));
        l.leave(weight, packed);
        return packed;
    }

    private static void inputGradient(Lowering l, Node node) {
        Conv3dInputGradient op = (Conv3dInputGradient) node.op();
        Geometry g = new Geometry(op.input(), node.input(1).shape(), op.stride(), op.padding());
        Buffer dy = l.of(node.input(0), l.compute());
        Buffer packed = packed(l, node.input(1), g);
        Buffer dx = l.define(node.output(0), l.compute());
        l.step("conv3d.input_gradient", List.of(dy, packed), List.of(dx), stream -> g.inputGradient(dx, dy, packed, stream));
    }

    private static void weightGradient(Lowering l, Node node) {
        Conv3dWeightGradient op = (Conv3dWeightGradient) node.op();
        Geometry g = new Geometry(node.input(0).shape(), op.weight(), op.stride(), op.padding());
        Buffer x = l.of(node.input(0), l.compute());
        Buffer dy = l.of(node.input(1), l.compute());
        Buffer dw = l.define(node.output(0));
        Buffer workspace = l.scratch(g.weightGradientWorkspace(x.code()), "conv3d.weight_gradient");
        l.step("conv3d.weight_gradient", List.of(x, dy), List.of(dw, workspace),
            stream -> g.weightGradient(dw, x, dy, workspace, stream));
    }

    /** The sizes of one convolution, in the order in which the C interface takes them. */
    private record Geometry(long n, long t, long h, long w, long i, long o, long kT, long kH, long kW, Extent stride, Extent padding) {
        Geometry(Shape x, Shape weight, Extent stride, Extent padding) {
            this(x.dim(0), x.dim(1), x.dim(2), x.dim(3), x.dim(4), weight.dim(0), weight.dim(2), weight.dim(3), weight.dim(4), stride,
                padding);
        }

        long taps() {
            return kT * kH * kW;
        }

        long packedElements(int code) {
            return Kinema.kn_conv3d_packed_elements(o, i, kT, kH, kW, code);
        }

        long forwardWorkspace(int code) {
            return Kinema.kn_conv3d_forward_workspace(n, t, h, w, i, o, kT, kH, kW, stride.t(), stride.h(), stride.w(), padding.t(),
                padding.h(), padding.w(), code);
        }

        int forward(Buffer y, Buffer x, Buffer packed, Buffer bias, Buffer residual, boolean relu, Buffer workspace, long stream) {
            return Kinema.kn_conv3d_forward(y.address(), x.address(), packed.address(), 0, bias == null ? 0 : bias.address(),
                residual == null ? 0 : residual.address(), n, t, h, w, i, o, kT, kH, kW, stride.t(), stride.h(), stride.w(), padding.t(),
                padding.h(), padding.w(), relu ? 1 : 0, y.code(), workspace.address(), stream);
        }

        int inputGradient(Buffer dx, Buffer dy, Buffer packed, long stream) {
            return Kinema.kn_conv3d_input_gradient(dx.address(), dy.address(), packed.address(), n, t, h, w, i, o, kT, kH, kW, stride.t(),
                stride.h(), stride.w(), padding.t(), padding.h(), padding.w(), dx.code(), stream);
        }

        long weightGradientWorkspace(int code) {
            return Kinema.kn_conv3d_weight_gradient_workspace(n, t, h, w, i, o, kT, kH, kW, stride.t(), stride.h(), stride.w(),
                padding.t(), padding.h(), padding.w(), code);
        }

        int weightGradient(Buffer dw, Buffer x, Buffer dy, Buffer workspace, long stream) {
            return Kinema.kn_conv3d_weight_gradient(dw.address(), x.address(), dy.address(), n, t, h, w, i, o, kT, kH, kW, stride.t(),
                stride.h(), stride.w(), padding.t(), padding.h(), padding.w(), x.code(), workspace.address(), stream);
        }
    }
}
