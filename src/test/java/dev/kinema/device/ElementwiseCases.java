package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Gelu;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Select;
import dev.kinema.graph.op.Sigmoid;
import dev.kinema.graph.op.StopGradient;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Operations on each element. */
final class ElementwiseCases {
    private ElementwiseCases() {}

    static void addTo(OpCases cases) {
        unary(cases, "Relu", Relu::of);
        unary(cases, "Gelu", Gelu::of);
        unary(cases, "Gelu by tanh", x -> Gelu.of(x, Gelu.Form.TANH));
        unary(cases, "Sigmoid", Sigmoid::of);
        unary(cases, "Scale", x -> Scale.of(x, -1.75, 0.375));
        binary(cases, "Add", Add::of);
        binary(cases, "Mul", Mul::of);
        for (Gelu.Form form : Gelu.Form.values()) {
            cases.add("Gelu far out, " + form, g -> {
                Value x = g.uniform("x", -9, 9, 3, 17);
                g.result(Gelu.of(x, form), x);
            });
        }
        cases.add("Mul of a value with itself", g -> {
            Value x = g.floats("x", 5, 17);
            g.result(Mul.of(x, x), x);
        });
        cases.add("Add of a value that is read again", g -> {
            Value x = g.floats("x", 5, 17);
            Value y = Add.of(x, Relu.of(x));
            g.output("z", Relu.of(y));
            g.result(Mul.of(y, x), x);
        });
        cases.add("Fill", g -> {
            Value x = g.floats("x", 2, 5);
            g.result(Add.of(x, Fill.of(g.graph(), Shape.of(5), 0.625)), x);
            g.output("fill", Fill.of(g.graph(), Shape.of(3, 17), -1.5));
        });
        cases.add("StopGradient", g -> {
            Value x = g.floats("x", 3, 5);
            g.output("same", StopGradient.of(Scale.of(x, 2)));
            g.result(Mul.of(StopGradient.of(Scale.of(g.floats("c", 3, 5), 2)), x), x);
        });
        select(cases);
        dropout(cases);
        cases.add("NormalizeFrames", g -> g.output("y",
            NormalizeFrames.of(g.integers("frames", DType.U8, 256, 2, 3, 5, 17, 3), NormalizeFrames.KINETICS)));
        cases.add("NormalizeFrames with constants per channel", g -> g.output("y",
            NormalizeFrames.of(g.integers("frames", DType.U8, 256, 1, 1, 2, 1, 3),
                new NormalizeFrames(List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225)))));
    }

    private static void unary(OpCases cases, String name, UnaryOperator<Value> op) {
        for (int[] shape : new int[][] {{1}, {2, 5, 17}, {1, 2, 3, 5, 16}, {}}) {
            cases.add(name + " of " + Shape.of(shape), g -> {
                Value x = g.floats("x", shape);
                g.result(op.apply(x), x);
            });
        }
    }

    private static void binary(OpCases cases, String name, BinaryOperator<Value> op) {
        int[][][] shapes = {{{5, 17}, {5, 17}}, {{2, 5, 17}, {17}}, {{2, 5, 16}, {5, 16}}, {{3, 5}, {}}, {{1, 2, 3, 5, 32}, {1, 2, 3, 5, 32}}};
        for (int[][] shape : shapes) {
            cases.add(name + " of " + Shape.of(shape[0]) + " and " + Shape.of(shape[1]), g -> {
                Value a = g.floats("a", shape[0]);
                Value b = g.parameter("b", 1, shape[1]);
                g.result(op.apply(a, b), a, b);
            });
        }
    }

    private static void select(OpCases cases) {
        int[][][] shapes = {{{2, 5}, {2, 5, 17}, {17}}, {{2, 5}, {2, 5, 17}, {2, 5, 17}}, {{3}, {3, 2}, {}}, {{2, 3}, {2, 3}, {3}}};
        for (int[][] shape : shapes) {
            cases.add("Select of " + Shape.of(shape[1]) + " or " + Shape.of(shape[2]), g -> {
                Value mask = g.integers("mask", DType.U8, 2, shape[0]);
                Value a = g.floats("a", shape[1]);
                Value b = g.parameter("b", 1, shape[2]);
                g.result(Select.of(mask, a, b), a, b);
            });
        }
    }

    private static void dropout(OpCases cases) {
        for (double p : new double[] {0.1, 0.5}) {
            cases.add("Dropout " + p, g -> {
                Value x = g.floats("x", 3, 5, 17);
                g.result(Dropout.of(x, p, g.longs("random", 0x123456789ABCDEFL, 7)), x);
            });
        }
        cases.add("Dropout between two words", g -> {
            Value x = g.floats("x", 3, 17);
            g.result(Dropout.of(x, CaseGraph.probabilityJustAboveAWord(5, 3, 0), g.longs("random", 5, 3)), x);
        });
        cases.add("Dropout twice with one state", g -> {
            Value x = g.floats("x", 64);
            Value random = g.counter("random", -5, 1L << 33);
            g.result(Dropout.of(Dropout.of(x, 0.3, random), 0.3, random), x);
        });
    }
}
