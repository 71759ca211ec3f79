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
import java.util.Optional;

/**
 * Convolutions: maps in the program's precision, channels last, weights packed, their gradient in float32. A library may do them, which has
 * weights in an order of its own.
 */
final class Convolutions {
    private Convolutions() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Conv3d.class, (l, n) -> {
            Conv3d op = (Conv3d) n.op();
            forward(l, n, convolution(l, n, op.stride(), op.padding(), false, false));
        });
        rules.put(FusedConv3d.class, (l, n) -> {
            FusedConv3d op = (FusedConv3d) n.op();
            forward(l, n, convolution(l, n, op.stride(), op.padding(), op.residual(), op.relu()));
        });
        rules.put(Conv3dInputGradient.class, Convolutions::inputGradient);
        rules.put(Conv3dWeightGradient.class, Convolutions::weightGradient);
    }

    private static Convolution convolution(Lowering l, Node n, Extent stride, Extent padding, boolean residual, boolean relu) {
        return new Convolution(Convolution.Direction.FORWARD, n.input(0).shape(), n.input(1).shape(), stride, padding,
            n.inputs().size() > 2, residual, relu, l.compute());
    }

    private static void forward(Lowering l, Node node, Convolution c) {
        Value result = node.output(0);
        DType dtype = l.compute();
        Buffer x = l.of(node.input(0), dtype);
        Buffer bias = c.biased() ? l.of(node.input(2), DType.F32) : null;
        Buffer added = c.residual() ? l.of(node.input(3), dtype) : null;
        String suffix = ".forward" + (c.biased() ? "+bias" : "") + (c.residual() ? "+residual" : "") + (c.relu() ? "+relu" : "");
        Optional<VendorLibrary.Way> way = l.vendor().wayOf(c);
        if (way.isPresent()) {
            Buffer weights = channelsLast(l, node.input(1));
            // not where the residual is, which is added to y
            VendorStep.append(l, node, suffix, way.get(), l.define(result, dtype), x, weights, bias, added);
            return;
        }
        Buffer packed = packed(l, node.input(1), c);
        // y may overwrite the residual, which is read element by element where y is written; not a converted copy that others share
        Buffer y = c.residual() && added == l.of(node.input(3)) ? l.like(node.input(3), result) : l.define(result, dtype);
        Buffer workspace = l.scratch(c.workspaceBytes(), "conv3d.forward");
        List<Buffer> reads = new ArrayList<>(List.of(x, packed));
        if (bias != null) {
            reads.add(bias);
        }
        if (added != null) {
            reads.add(added);
        }
        l.step("conv3d" + suffix, reads, List.of(y, workspace), stream -> c.run(y.address(), x.address(), packed.address(),
            VendorStep.address(bias), VendorStep.address(added), workspace.address(), stream));
    }

    /** Weights as the kernels read them; done once per change of the weights where the program does not train them. */
    private static Buffer packed(Lowering l, Value weight, Convolution c) {
        Buffer plain = l.of(weight, DType.F32);
        Shape w = weight.shape();
        Buffer packed = l.scratch(c.packedElements() * l.compute().bytes(), "filter");
        l.step("conv3d.pack", List.of(plain), List.of(packed), stream -> Kinema.kn_conv3d_pack(packed.address(), plain.address(), w.dim(0),
            w.dim(1), w.dim(2), w.dim(3), w.dim(4), c.code(), stream));
        return packed;
    }

    /** Weights as libraries read them, [o, kt, kh, kw, i], which is {@link #packed} only where rows need no filling up. */
    private static Buffer channelsLast(Lowering l, Value weight) {
        Buffer plain = l.of(weight, l.compute());
        long i = weight.shape().dim(1);
        long taps = weight.shape().product(2, 5);
        Buffer filter = l.scratch(plain.bytes(), "filter");
        l.step("indexing.strided", List.of(plain), List.of(filter), stream -> Kinema.kn_indexing_strided(filter.address(), plain.address(),
            1, 1, 1, weight.shape().dim(0), taps, i, 0, 0, 0, i * taps, 1, taps, plain.code(), stream));
        return filter;
    }

    private static void inputGradient(Lowering l, Node node) {
        Conv3dInputGradient op = (Conv3dInputGradient) node.op();
        Convolution c = Convolution.gradient(Convolution.Direction.INPUT_GRADIENT, op.input(), node.input(1).shape(), op.stride(),
            op.padding(), l.compute());
        Buffer dy = l.of(node.input(0), l.compute());
        Optional<VendorLibrary.Way> way = l.vendor().wayOf(c);
        Buffer weights = way.isPresent() ? channelsLast(l, node.input(1)) : packed(l, node.input(1), c);
        Buffer dx = l.define(node.output(0), l.compute());
        if (way.isPresent()) {
            VendorStep.append(l, node, ".input_gradient", way.get(), dx, dy, weights, null, null);
        } else {
            l.step("conv3d.input_gradient", List.of(dy, weights), List.of(dx),
                stream -> c.run(dx.address(), dy.address(), weights.address(), 0, 0, 0, stream));
        }
    }

    private static void weightGradient(Lowering l, Node node) {
        Conv3dWeightGradient op = (Conv3dWeightGradient) node.op();
        Convolution c = Convolution.gradient(Convolution.Direction.WEIGHT_GRADIENT, node.input(0).shape(), op.weight(), op.stride(),
            op.padding(), l.compute());
        Buffer x = l.of(node.input(0), l.compute());
        Buffer dy = l.of(node.input(1), l.compute());
        Buffer dw = l.define(node.output(0));
        Optional<VendorLibrary.Way> way = l.vendor().wayOf(c);
        if (way.isPresent()) {
            VendorStep.append(l, node, ".weight_gradient", way.get(), dw, x, dy, null, null);
            return;
        }
        Buffer workspace = l.scratch(c.workspaceBytes(), "conv3d.weight_gradient");
        l.step("conv3d.weight_gradient", List.of(x, dy), List.of(dw, workspace),
            stream -> c.run(dw.address(), x.address(), dy.address(), 0, 0, workspace.address(), stream));
    }
}
