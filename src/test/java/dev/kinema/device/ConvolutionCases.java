package dev.kinema.device;

import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.FusedConv3d;
import java.util.List;

/** Convolutions of the Slow and Slow-D networks in small, and uneven ones. */
final class ConvolutionCases {
    private ConvolutionCases() {}

    static void addTo(OpCases cases) {
        conv(cases, "1x1x1", 2, 3, 5, 5, 16, 32, new Extent(1, 1, 1), Extent.ONE);
        conv(cases, "1x1x1 of 17 to 3", 1, 1, 1, 2, 17, 3, new Extent(1, 1, 1), Extent.ONE);
        conv(cases, "1x1x1 strided", 1, 2, 5, 17, 32, 17, new Extent(1, 1, 1), new Extent(1, 2, 2));
        conv(cases, "1x1x1 on one position", 1, 1, 1, 1, 64, 64, new Extent(1, 1, 1), Extent.ONE);
        conv(cases, "1x3x3", 2, 2, 5, 7, 16, 17, new Extent(1, 3, 3), Extent.ONE);
        conv(cases, "1x3x3 of 64 to 64", 1, 2, 7, 5, 64, 64, new Extent(1, 3, 3), Extent.ONE);
        conv(cases, "1x3x3 strided", 1, 2, 17, 6, 17, 32, new Extent(1, 3, 3), new Extent(1, 2, 2));
        conv(cases, "1x3x3 on 1x2", 1, 1, 1, 2, 3, 3, new Extent(1, 3, 3), Extent.ONE);
        conv(cases, "3x1x1", 2, 5, 3, 2, 32, 16, new Extent(3, 1, 1), Extent.ONE);
        conv(cases, "3x1x1 on two frames", 2, 2, 5, 4, 32, 32, new Extent(3, 1, 1), Extent.ONE);
        conv(cases, "5x1x1 on two frames", 1, 2, 4, 4, 16, 32, new Extent(5, 1, 1), Extent.ONE);
        conv(cases, "3x3x3 on two frames", 1, 2, 5, 4, 16, 16, new Extent(3, 3, 3), Extent.ONE);
        conv(cases, "3x1x1 on one frame", 1, 1, 3, 5, 17, 17, new Extent(3, 1, 1), Extent.ONE);
        conv(cases, "3x3x3 strided in time", 1, 5, 5, 3, 3, 16, new Extent(3, 3, 3), new Extent(2, 1, 1));
        conv(cases, "1x7x7 stem", 1, 2, 17, 22, 3, 16, new Extent(1, 7, 7), new Extent(1, 2, 2));
        conv(cases, "5x7x7 stem", 1, 5, 17, 12, 3, 17, new Extent(5, 7, 7), new Extent(2, 2, 2));
        cases.add("Conv3d without padding, input is data", g -> {
            Value x = g.floats("x", 1, 4, 6, 5, 3);
            Value w = g.floats("w", 5, 3, 2, 3, 2);
            g.result(Conv3d.of(x, w, Extent.ONE, Extent.ZERO), x, w);
        });
        cases.add("Conv3d padded beyond its kernel", g -> {
            Value x = g.floats("x", 1, 1, 2, 2, 16);
            Value w = g.parameter("w", 0.1, 16, 16, 1, 3, 3);
            g.result(Conv3d.of(x, w, new Extent(1, 3, 3), new Extent(0, 4, 4)), x, w);
        });
        cases.add("Conv3d twice with one weight", g -> {
            Value x = g.floats("x", 1, 2, 5, 5, 17);
            Value w = g.parameter("w", 0.1, 17, 17, 1, 3, 3);
            Value y = Conv3d.of(x, w, Extent.ONE, new Extent(0, 1, 1));
            g.result(Conv3d.of(y, w, Extent.ONE, new Extent(0, 1, 1)), x, w);
        });
        inAChain(cases, "3x1x1", 3, 1);
        inAChain(cases, "3x1x1 strided in time", 3, 2);
        inAChain(cases, "5x1x1", 5, 1);
        gradientsAlone(cases);
        fusedAlone(cases);
    }

    /** Between others, whose outputs and gradients a device may store in a form of its own: that of training's blocks of channels. */
    private static void inAChain(OpCases cases, String name, int kernel, int stride) {
        cases.add("Conv3d " + name + " between others", g -> {
            Value x = g.floats("x", 2, 5, 3, 7, 16);
            Value before = g.parameter("before", 0.2, 32, 16, 1, 1, 1);
            Value w = g.parameter("w", 0.1, 16, 32, kernel, 1, 1);
            Value after = g.parameter("after", 0.2, 48, 16, 1, 1, 1);
            Value y = Conv3d.of(x, before, Extent.ONE, Extent.ZERO);
            y = Conv3d.of(y, w, new Extent(stride, 1, 1), new Extent(kernel / 2, 0, 0));
            g.result(Conv3d.of(y, after, Extent.ONE, Extent.ZERO), x, before, w, after);
        });
    }

    private static void conv(OpCases cases, String name, int n, int t, int h, int w, int in, int out, Extent kernel, Extent stride) {
        cases.add("Conv3d " + name, g -> {
            Value x = g.floats("x", n, t, h, w, in);
            Value weight = g.parameter("w", 1 / Math.sqrt(in * kernel.volume()), out, in, kernel.t(), kernel.h(), kernel.w());
            Extent padding = new Extent(kernel.t() / 2, kernel.h() / 2, kernel.w() / 2);
            g.result(Conv3d.of(x, weight, stride, padding), x, weight);
        });
    }

    private static void gradientsAlone(OpCases cases) {
        cases.add("Conv3dInputGradient where strides leave a rest", g -> {
            Value dy = g.floats("dy", 1, 2, 3, 4, 17);
            Value w = g.parameter("w", 0.1, 17, 3, 1, 3, 3);
            Conv3dInputGradient op = new Conv3dInputGradient(new Extent(1, 2, 2), new Extent(0, 1, 1), Shape.of(1, 2, 6, 8, 3));
            g.output("dx", g.graph().add(op, dy, w));
        });
        cases.add("Conv3dWeightGradient where strides leave a rest", g -> {
            Value x = g.floats("x", 2, 2, 6, 8, 3);
            Value dy = g.floats("dy", 2, 2, 3, 4, 17);
            Conv3dWeightGradient op = new Conv3dWeightGradient(new Extent(1, 2, 2), new Extent(0, 1, 1), Shape.of(17, 3, 1, 3, 3));
            g.output("dw", g.graph().add(op, x, dy));
        });
    }

    private static void fusedAlone(OpCases cases) {
        for (boolean relu : new boolean[] {false, true}) {
            for (boolean residual : new boolean[] {false, true}) {
                cases.add("FusedConv3d" + (relu ? " relu" : "") + (residual ? " residual" : ""), g -> {
                    Value x = g.floats("x", 1, 2, 5, 7, 16);
                    Value w = g.parameter("w", 0.1, 17, 16, 1, 3, 3);
                    Value bias = g.parameter("bias", 1, 17);
                    FusedConv3d op = new FusedConv3d(new Extent(1, 2, 1), new Extent(0, 1, 1), relu, residual);
                    Value z = residual ? g.floats("z", 1, 2, 3, 7, 17) : null;
                    g.output("y", g.graph().append(op, residual ? List.of(x, w, bias, z) : List.of(x, w, bias)).output(0));
                });
            }
        }
        cases.add("FoldBatchNorm", g -> {
            var fold = g.graph().append(new FoldBatchNorm(1e-5), List.of(g.parameter("w", 1, 5, 3, 1, 2, 2), g.parameter("gamma", 1, 5),
                g.parameter("beta", 1, 5), g.state("mean", -1, 1, 5), g.state("variance", 0.5, 1.5, 5)));
            g.output("w'", fold.output(0));
            g.output("bias", fold.output(1));
        });
    }
}
