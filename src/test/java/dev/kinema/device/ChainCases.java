package dev.kinema.device;

import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.Relu;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What follows a convolution reads its result in the layout and type that the device chose for it: blocked by channels, bfloat16. By
 * themselves these operations see plain float32 only.
 */
final class ChainCases {
    private static final Extent WINDOW = new Extent(1, 3, 3);
    private static final Extent STRIDE = new Extent(1, 2, 2);
    private static final Extent PADDING = new Extent(0, 1, 1);

    private ChainCases() {}

    static void addTo(OpCases cases) {
        for (int channels : new int[] {16, 17, 48}) {
            after(cases, "relu", channels, Relu::of);
            after(cases, "gelu", channels, Gelu::of);
            after(cases, "max pool", channels, x -> MaxPool3d.of(x, WINDOW, STRIDE, PADDING));
            after(cases, "average pool", channels, x -> AveragePool3d.of(x, WINDOW, STRIDE, PADDING));
            after(cases, "global average", channels, GlobalAveragePool3d::of);
            cases.add("chain: conv, batch norm, " + channels + " channels", g -> {
                Value x = input(g, "x");
                Value gamma = g.parameter("gamma", 1, channels);
                Value beta = g.parameter("beta", 1, channels);
                Value w = weight(g, "w", channels);
                Node norm = g.graph().append(new BatchNorm(1e-5), List.of(Conv3d.of(x, w, Extent.ONE, PADDING), gamma, beta));
                g.output("mean", norm.output(1));
                g.output("variance", norm.output(2));
                g.result(norm.output(0), x, w, gamma, beta);
            });
            cases.add("chain: conv + conv, " + channels + " channels", g -> {
                Value x = input(g, "x");
                Value z = input(g, "z");
                Value w = weight(g, "w", channels);
                g.result(Add.of(Conv3d.of(x, w, Extent.ONE, PADDING), Conv3d.of(z, w, Extent.ONE, PADDING)), x, z, w);
            });
            cases.add("chain: conv, strided conv, " + channels + " channels", g -> {
                Value x = input(g, "x");
                Value w = weight(g, "w", channels);
                Value second = g.parameter("second", 0.1, 32, channels, 1, 1, 1);
                g.result(Conv3d.of(Conv3d.of(x, w, Extent.ONE, PADDING), second, STRIDE, Extent.ZERO), x, w, second);
            });
        }
    }

    private static void after(OpCases cases, String name, int channels, UnaryOperator<Value> operation) {
        cases.add("chain: conv, " + name + ", " + channels + " channels", g -> {
            Value x = input(g, "x");
            Value w = weight(g, "w", channels);
            g.result(operation.apply(Conv3d.of(x, w, Extent.ONE, PADDING)), x, w);
        });
    }

    private static Value input(CaseGraph g, String name) {
        return g.floats(name, 2, 3, 7, 5, 16);
    }

    private static Value weight(CaseGraph g, String name, int channels) {
        return g.parameter(name, 0.1, channels, 16, 1, 3, 3);
    }
}
