package dev.kinema.device;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Relu;

/** What fusion rewrites, and what it must leave alone. */
final class FusionCases {
    private FusionCases() {}

    static void addTo(OpCases cases) {
        cases.add("fusion: conv, norm", g -> g.output("y", convNorm(g, "a", input(g), 16)));
        cases.add("fusion: conv, norm, relu", g -> g.output("y", Relu.of(convNorm(g, "a", input(g), 17))));
        cases.add("fusion: conv, norm + shortcut, relu", g -> {
            Value x = input(g);
            g.output("y", Relu.of(Add.of(convNorm(g, "a", x, 16), x)));
        });
        cases.add("fusion: shortcut + conv, norm, relu", g -> {
            Value x = input(g);
            g.output("y", Relu.of(Add.of(x, convNorm(g, "a", x, 16))));
        });
        cases.add("fusion: conv, norm + shortcut", g -> {
            Value x = input(g);
            g.output("y", Add.of(convNorm(g, "a", x, 16), x));
        });
        cases.add("fusion: bottleneck with a branch", g -> {
            Value x = input(g);
            Value branch = convNorm(g, "branch1", x, 32);
            Value a = Relu.of(convNorm(g, "a", x, 17));
            Value c = convNorm(g, "c", a, 32);
            g.output("y", Relu.of(Add.of(branch, c)));
        });
        cases.add("fusion: two bottlenecks", g -> {
            Value x = Relu.of(Add.of(convNorm(g, "a", input(g), 16), convNorm(g, "b", g.floats("z", 1, 2, 5, 7, 3), 16)));
            Value y = Relu.of(Add.of(convNorm(g, "d", Relu.of(convNorm(g, "c", x, 16)), 16), x));
            g.output("y", y);
        });
        cases.add("fusion: norm is also an output", g -> {
            Value norm = convNorm(g, "a", input(g), 16);
            g.output("norm", norm);
            g.output("y", Relu.of(norm));
        });
        cases.add("fusion: conv is read twice", g -> {
            Value conv = conv(g, "a", input(g), 16);
            g.output("y", Add.of(Relu.of(norm(g, "a", conv)), conv));
        });
        cases.add("fusion: norm is added to itself", g -> {
            Value norm = convNorm(g, "a", input(g), 16);
            g.output("y", Relu.of(Add.of(norm, norm)));
        });
        cases.add("fusion: norm plus bias", g -> g.output("y", Relu.of(Add.of(convNorm(g, "a", input(g), 16), g.parameter("bias", 1, 16)))));
        cases.add("fusion: linear, gelu", g -> {
            Value x = g.floats("x", 3, 5, 17);
            Value w = g.parameter("w", 0.3, 33, 17);
            g.result(Linear.of(Gelu.of(Linear.of(x, w, g.parameter("bias", 1, 33))), g.parameter("w2", 0.3, 5, 33), null), x, w);
        });
        cases.add("fusion: linear, gelu by tanh", g -> {
            Value x = g.floats("x", 3, 5, 17);
            Value w = g.parameter("w", 0.3, 33, 17);
            Value y = Gelu.of(Linear.of(x, w, g.parameter("bias", 1, 33)), Gelu.Form.TANH);
            g.result(Linear.of(y, g.parameter("w2", 0.3, 5, 33), null), x, w);
        });
        for (Gelu.Form form : Gelu.Form.values()) {
            cases.add("fusion: feed-forward part with gelu, " + form, g -> {
                Value random = g.longs("random", 5, 3);
                Value x = g.floats("x", 3, 5, 16);
                Value w = g.parameter("w", 0.3, 24, 16);
                Value v = g.parameter("v", 0.3, 16, 24);
                Value inner = Dropout.of(Gelu.of(Linear.of(x, w, g.parameter("bias", 1, 24)), form), 0.2, random);
                g.result(Add.of(x, Dropout.of(Linear.of(inner, v, g.parameter("bias2", 1, 16)), 0.2, random)), x, w, v);
            });
        }
        cases.add("fusion: gelu, dropout + residual", g -> {
            Value x = g.floats("x", 3, 17);
            Value z = g.floats("z", 3, 17);
            g.result(Add.of(z, Dropout.of(Gelu.of(x), 0.2, g.longs("random", 5, 3))), x, z);
        });
        cases.add("fusion: dropout between two words + residual", g -> {
            Value x = g.floats("x", 3, 17);
            Value z = g.floats("z", 3, 17);
            g.result(Add.of(z, Dropout.of(x, CaseGraph.probabilityJustAboveAWord(5, 3, 0), g.longs("random", 5, 3))), x, z);
        });
        cases.add("fusion: linear, relu", g -> {
            Value x = g.floats("x", 3, 17);
            Value w = g.parameter("w", 0.3, 5, 17);
            g.output("y", Relu.of(Linear.of(x, w, null)));
        });
        cases.add("fusion: linear is also an output", g -> {
            Value y = Linear.of(g.floats("x", 3, 17), g.parameter("w", 0.3, 5, 17), null);
            g.output("linear", y);
            g.output("y", Gelu.of(y));
        });
    }

    private static Value input(CaseGraph g) {
        return g.floats("x", 1, 2, 5, 7, 16);
    }

    private static Value conv(CaseGraph g, String name, Value x, int out) {
        Value w = g.parameter(name + ".weight", 0.1, out, x.shape().last(), 1, 3, 3);
        return Conv3d.of(x, w, Extent.ONE, new Extent(0, 1, 1));
    }

    private static Value norm(CaseGraph g, String name, Value x) {
        int channels = x.shape().last();
        return g.graph().add(new BatchNormInference(1e-5), x, g.parameter(name + ".gamma", 1, channels), g.parameter(name + ".beta", 1, channels),
            g.state(name + ".mean", -1, 1, channels), g.state(name + ".variance", 0.5, 1.5, channels));
    }

    private static Value convNorm(CaseGraph g, String name, Value x, int out) {
        return norm(g, name, conv(g, name, x, out));
    }
}
