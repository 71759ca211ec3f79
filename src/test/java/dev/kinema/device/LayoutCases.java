package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Broadcast;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Pad;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.ScatterAdd;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.Transpose;
import java.util.List;

/** Operations that move elements, and sums over axes. */
final class LayoutCases {
    private LayoutCases() {}

    static void addTo(OpCases cases) {
        cases.add("Reshape", g -> {
            Value x = g.floats("x", 2, 6, 5);
            Value y = Reshape.of(x, Shape.of(4, 15));
            g.output("flat", Reshape.of(y, Shape.of(60)));
            g.result(Mul.of(y, g.parameter("b", 1, 15)), x);
        });
        transpose(cases, new int[] {5, 17}, 1, 0);
        transpose(cases, new int[] {2, 3, 5}, 2, 0, 1);
        transpose(cases, new int[] {1, 2, 3, 5, 16}, 0, 4, 1, 2, 3);
        transpose(cases, new int[] {2, 5, 3, 4}, 0, 2, 1, 3);
        for (int axis = 0; axis < 3; axis++) {
            int a = axis;
            cases.add("Slice along axis " + a, g -> {
                Value x = g.floats("x", 3, 5, 4);
                g.result(Slice.of(x, a, 1, 2), x);
            });
            cases.add("Pad along axis " + a, g -> {
                Value x = g.floats("x", 3, 5, 4);
                g.result(g.graph().add(new Pad(a, 2, 1), x), x);
            });
            cases.add("Concat along axis " + a, g -> {
                Value first = g.floats("first", Shape.of(2, 3, 5).with(a, 1).dims());
                Value second = g.parameter("second", 1, Shape.of(2, 3, 5).with(a, 4).dims());
                Value third = g.floats("third", 2, 3, 5);
                g.result(Concat.of(a, first, second, third, first), first, second, third);
            });
            cases.add("Gather along axis " + a, g -> {
                Value x = g.floats("x", 4, 5, 3);
                g.result(Gather.of(x, g.integers("i", DType.I32, 3, 2, 4), a), x);
            });
        }
        embedding(cases);
        reductions(cases);
    }

    private static void transpose(OpCases cases, int[] shape, Integer... order) {
        cases.add("Transpose of " + Shape.of(shape) + " to " + List.of(order), g -> {
            Value x = g.floats("x", shape);
            g.result(Transpose.of(x, order), x);
        });
    }

    private static void embedding(OpCases cases) {
        cases.add("Gather from a table", g -> {
            Value table = g.parameter("table", 1, 7, 17);
            g.result(Gather.of(table, g.integers("i", DType.I32, 7, 5, 6), 0), table);
        });
        cases.add("ScatterAdd", g -> {
            Value x = g.floats("x", 2, 6, 3);
            g.result(g.graph().add(new ScatterAdd(1, Shape.of(2, 5, 3)), x, g.integers("i", DType.I32, 5, 6)), x);
        });
    }

    private static void reductions(OpCases cases) {
        Integer[][] axes = {{0}, {1}, {2}, {0, 2}, {0, 1, 2}};
        for (Integer[] a : axes) {
            cases.add("Reduce sum over " + List.of(a), g -> {
                Value x = g.floats("x", 3, 17, 5);
                g.result(Reduce.sum(x, a), x);
            });
            cases.add("Reduce mean over " + List.of(a), g -> {
                Value x = g.floats("x", 2, 5, 17);
                g.result(Reduce.mean(x, a), x);
            });
        }
        cases.add("Reduce sum of many", g -> {
            Value x = g.floats("x", 2, 4099, 2);
            g.result(Reduce.sum(x, 1), x);
        });
        cases.add("Broadcast", g -> {
            Value x = g.floats("x", 3, 5);
            g.result(g.graph().add(new Broadcast(Shape.of(2, 3, 4, 5), List.of(0, 2)), x), x);
        });
    }
}
