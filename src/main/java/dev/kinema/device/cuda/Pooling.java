package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
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

/** Pooling of video in the type of computation; the global average comes out in F32. */
final class Pooling {
    private Pooling() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(MaxPool3d.class, Pooling::max);
        rules.put(MaxPool3dGradient.class, Pooling::maxGradient);
        rules.put(AveragePool3d.class, Pooling::average);
        rules.put(AveragePool3dGradient.class, Pooling::averageGradient);
        rules.put(GlobalAveragePool3d.class, Pooling::global);
    }

    /** A byte tells the taps of all windows in use apart, and is a quarter of the traffic. */
    private static DType winners(Window window) {
        return window.kernel().volume() <= 256 ? DType.U8 : DType.I32;
    }

    private static void max(Lowering l, Node node) {
        Window window = ((MaxPool3d) node.op()).window();
        Buffer x = l.of(node.input(0), l.compute());
        Buffer y = l.define(node.output(0), x.dtype());
        int code = Buffer.code(winners(window));
        Shape in = x.shape();
        Extent k = window.kernel();
        Extent s = window.stride();
        Extent p = window.padding();
        if (l.isRead(node.output(1))) {
            Buffer winners = l.define(node.output(1), winners(window));
            l.step("pool3d.max", List.of(x), List.of(y, winners), stream -> Kinema.kn_pool3d_max(y.address(), winners.address(), x.address(),
                in.dim(0), in.dim(1), in.dim(2), in.dim(3), in.dim(4), k.t(), k.h(), k.w(), s.t(), s.h(), s.w(), p.t(), p.h(), p.w(), code,
                x.code(), stream));
        } else {
            l.step("pool3d.max", List.of(x), List.of(y), stream -> Kinema.kn_pool3d_max(y.address(), 0, x.address(), in.dim(0), in.dim(1),
                in.dim(2), in.dim(3), in.dim(4), k.t(), k.h(), k.w(), s.t(), s.h(), s.w(), p.t(), p.h(), p.w(), code, x.code(), stream));
        }
    }

    private static void maxGradient(Lowering l, Node node) {
        MaxPool3dGradient op = (MaxPool3dGradient) node.op();
        Buffer dy = l.of(node.input(0), l.compute());
        Buffer winners = l.of(node.input(1));
        Buffer dx = l.define(node.output(0), dy.dtype());
        Shape in = op.input();
        Extent k = op.window().kernel();
        Extent s = op.window().stride();
        Extent p = op.window().padding();
        l.step("pool3d.max_gradient", List.of(dy, winners), List.of(dx), stream -> Kinema.kn_pool3d_max_gradient(dx.address(), dy.address(),
            winners.address(), in.dim(0), in.dim(1), in.dim(2), in.dim(3), in.dim(4), k.t(), k.h(), k.w(), s.t(), s.h(), s.w(), p.t(), p.h(),
            p.w(), winners.code(), dy.code(), stream));
    }

    private static void average(Lowering l, Node node) {
        Window window = ((AveragePool3d) node.op()).window();
        Buffer x = l.of(node.input(0), l.compute());
        Buffer y = l.define(node.output(0), x.dtype());
        Shape in = x.shape();
        Extent k = window.kernel();
        Extent s = window.stride();
        Extent p = window.padding();
        l.step("pool3d.average", List.of(x), List.of(y), stream -> Kinema.kn_pool3d_average(y.address(), x.address(), in.dim(0), in.dim(1),
            in.dim(2), in.dim(3), in.dim(4), k.t(), k.h(), k.w(), s.t(), s.h(), s.w(), p.t(), p.h(), p.w(), x.code(), stream));
    }

    private static void averageGradient(Lowering l, Node node) {
        AveragePool3dGradient op = (AveragePool3dGradient) node.op();
        Buffer dy = l.of(node.input(0), l.compute());
        Buffer dx = l.define(node.output(0), dy.dtype());
        Shape in = op.input();
        Extent k = op.window().kernel();
        Extent s = op.window().stride();
        Extent p = op.window().padding();
        l.step("pool3d.average_gradient", List.of(dy), List.of(dx), stream -> Kinema.kn_pool3d_average_gradient(dx.address(), dy.address(),
            in.dim(0), in.dim(1), in.dim(2), in.dim(3), in.dim(4), k.t(), k.h(), k.w(), s.t(), s.h(), s.w(), p.t(), p.h(), p.w(), dy.code(),
            stream));
    }

    private static void global(Lowering l, Node node) {
        Buffer x = l.of(node.input(0), l.compute());
        Buffer y = l.define(node.output(0));
        Shape in = x.shape();
        l.step("pool3d.global_average", List.of(x), List.of(y), stream -> Kinema.kn_pool3d_global_average(y.address(), x.address(), in.dim(0),
            in.product(1, 4), in.dim(4), x.code(), stream));
    }
}
