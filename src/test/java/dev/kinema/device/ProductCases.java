package dev.kinema.device;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;
import java.util.Arrays;

/** Linear layers and matrix products. */
final class ProductCases {
    private ProductCases() {}

    static void addTo(OpCases cases) {
        linear(cases, new int[] {5, 17}, 3);
        linear(cases, new int[] {2, 5, 16}, 32);
        linear(cases, new int[] {1, 1}, 1);
        linear(cases, new int[] {33, 64}, 17);
        linear(cases, new int[] {17}, 5);
        linear(cases, new int[] {2, 1, 1, 2, 64}, 5);
        cases.add("Linear without bias", g -> {
            Value x = g.floats("x", 3, 17);
            Value w = g.parameter("w", 0.3, 5, 17);
            g.result(Linear.of(x, w, null), x, w);
        });
        cases.add("Linear twice with one weight", g -> {
            Value x = g.floats("x", 3, 17);
            Value w = g.parameter("w", 0.3, 17, 17);
            g.result(Linear.of(Linear.of(x, w, null), w, null), x, w);
        });
        for (Linear.Activation activation : Linear.Activation.values()) {
            cases.add("Linear with " + activation, g -> {
                Value x = g.floats("x", 2, 3, 17);
                Value w = g.parameter("w", 0.3, 33, 17);
                g.output("y", g.graph().add(new Linear(true, activation), x, w, g.parameter("bias", 1, 33)));
            });
        }
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                String form = "MatMul " + (ta ? "a^T" : "a") + (tb ? " b^T" : " b");
                cases.add(form, g -> matMul(g, new int[0], 5, 17, 3, ta, tb));
                cases.add(form + " batched", g -> matMul(g, new int[] {2, 3}, 2, 5, 16, ta, tb));
            }
        }
    }

    private static void linear(OpCases cases, int[] shape, int out) {
        int in = shape[shape.length - 1];
        cases.add("Linear of " + shape.length + " axes, " + in + " to " + out, g -> {
            Value x = g.floats("x", shape);
            Value w = g.parameter("w", 1 / Math.sqrt(in), out, in);
            Value bias = g.parameter("bias", 1, out);
            g.result(Linear.of(x, w, bias), x, w, bias);
        });
    }

    private static void matMul(CaseGraph g, int[] leading, int m, int k, int n, boolean ta, boolean tb) {
        Value a = g.floats("a", shape(leading, ta ? k : m, ta ? m : k));
        Value b = g.floats("b", shape(leading, tb ? n : k, tb ? k : n));
        g.result(MatMul.of(a, b, ta, tb), a, b);
    }

    private static int[] shape(int[] leading, int rows, int columns) {
        int[] shape = Arrays.copyOf(leading, leading.length + 2);
        shape[leading.length] = rows;
        shape[leading.length + 1] = columns;
        return shape;
    }
}
