package dev.kinema.device.cuda;

import dev.kinema.device.cuda.binding.Kinema;
import dev.kinema.graph.DType;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Broadcast;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.Pad;
import dev.kinema.graph.op.ScatterAdd;
import dev.kinema.graph.op.Select;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.Transpose;
import java.util.List;
import java.util.Map;

/** What moves elements, in the type they are stored in. */
final class Movements {
    private Movements() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(Transpose.class, Movements::transpose);
        rules.put(Broadcast.class, Movements::broadcast);
        rules.put(Slice.class, (l, n) -> window(l, n, ((Slice) n.op()).axis(), ((Slice) n.op()).start()));
        rules.put(Pad.class, (l, n) -> window(l, n, ((Pad) n.op()).axis(), -((Pad) n.op()).before()));
        rules.put(Concat.class, Movements::concat);
        rules.put(Gather.class, Movements::gather);
        rules.put(ScatterAdd.class, Movements::scatterAdd);
        rules.put(Select.class, Movements::select);
    }

    private static long outer(Shape shape, int axis) {
        return shape.product(0, axis);
    }

    private static long inner(Shape shape, int axis) {
        return shape.product(axis + 1, shape.rank());
    }

    private static void transpose(Lowering l, Node node) {
        Shape x = node.input(0).shape();
        strided(l, node, ((Transpose) node.op()).order().stream().mapToLong(a -> inner(x, a)).toArray());
    }

    private static void broadcast(Lowering l, Node node) {
        List<Integer> axes = ((Broadcast) node.op()).axes();
        Shape x = node.input(0).shape();
        long[] steps = new long[node.output(0).shape().rank()];
        for (int i = 0, j = 0; i < steps.length; i++) {
            steps[i] = axes.contains(i) ? 0 : inner(x, j++);
        }
        strided(l, node, steps);
    }

    /** The result in order, with the steps in the operand of each of its axes. */
    private static void strided(Lowering l, Node node, long[] steps) {
        Buffer x = l.of(node.input(0));
        Buffer y = l.define(node.output(0), x.dtype());
        long[] d = Reductions.sizes(y.shape());
        long[] s = new long[d.length];
        System.arraycopy(steps, 0, s, d.length - steps.length, steps.length);
        l.step("indexing.strided", List.of(x), List.of(y), stream -> Kinema.kn_indexing_strided(y.address(), x.address(), d[0], d[1], d[2],
            d[3], d[4], d[5], s[0], s[1], s[2], s[3], s[4], s[5], x.code(), stream));
    }

    /** Entries {@code start} on along an axis; outside the operand they are 0. */
    private static void window(Lowering l, Node node, int axis, int start) {
        Buffer x = l.of(node.input(0));
        Buffer y = l.define(node.output(0), x.dtype());
        long rows = outer(x.shape(), axis);
        long inner = inner(x.shape(), axis);
        long from = x.shape().dim(axis) * inner;
        long to = y.shape().dim(axis) * inner;
        l.step("indexing.window", List.of(x), List.of(y),
            stream -> Kinema.kn_indexing_window(y.address(), x.address(), rows, to, from, start * inner, x.code(), stream));
    }

    /** The type of a result that holds elements of several values: BF16 if one is stored so. */
    private static DType joined(Lowering l, List<Value> values) {
        return values.stream().anyMatch(v -> l.of(v).dtype() == DType.BF16) ? DType.BF16 : DType.F32;
    }

    private static void concat(Lowering l, Node node) {
        int axis = ((Concat) node.op()).axis();
        DType dtype = joined(l, node.inputs());
        List<Buffer> parts = node.inputs().stream().map(v -> l.of(v, dtype)).toList();
        Buffer y = l.define(node.output(0), dtype);
        long rows = outer(y.shape(), axis);
        long inner = inner(y.shape(), axis);
        long width = y.shape().dim(axis) * inner;
        l.step("indexing.insert of " + parts.size(), parts, List.of(y), stream -> {
            long start = 0;
            for (Buffer part : parts) {
                long own = part.shape().dim(axis) * inner;
                int status = Kinema.kn_indexing_insert(y.address(), part.address(), rows, width, own, start, y.code(), stream);
                if (status != Kinema.KN_OK) {
                    return status;
                }
                start += own;
            }
            return Kinema.KN_OK;
        });
    }

    private static Buffer fault(Lowering l, long size) {
        return l.fault(index -> "index " + index + " is outside an axis of " + size + ": check the indices fed to the program");
    }

    private static void gather(Lowering l, Node node) {
        int axis = ((Gather) node.op()).axis();
        Buffer x = l.of(node.input(0));
        Buffer indices = l.of(node.input(1));
        Buffer y = l.define(node.output(0), x.dtype());
        long size = x.shape().dim(axis);
        Buffer fault = fault(l, size);
        l.step("indexing.gather", List.of(x, indices), List.of(y, fault), stream -> Kinema.kn_indexing_gather(y.address(), fault.address(),
            x.address(), indices.address(), outer(x.shape(), axis), size, inner(x.shape(), axis), indices.elements(), x.code(), stream));
    }

    private static void scatterAdd(Lowering l, Node node) {
        int axis = ((ScatterAdd) node.op()).axis();
        Buffer x = l.of(node.input(0));
        Buffer indices = l.of(node.input(1));
        Buffer y = l.define(node.output(0));
        long outer = outer(y.shape(), axis);
        long inner = inner(y.shape(), axis);
        long size = y.shape().dim(axis);
        Buffer fault = fault(l, size);
        Buffer lists = l.scratch(Kinema.kn_indexing_scatter_add_workspace(outer, size, inner, indices.elements()), "lists of indices");
        l.step("indexing.scatter_add", List.of(x, indices), List.of(y, fault, lists),
            stream -> Kinema.kn_indexing_scatter_add(y.address(), fault.address(), x.address(), indices.address(), outer, size, inner,
                indices.elements(), x.code(), lists.address(), stream));
    }

    private static void select(Lowering l, Node node) {
        DType dtype = joined(l, node.inputs().subList(1, 3));
        Buffer mask = l.of(node.input(0));
        Buffer a = l.of(node.input(1), dtype);
        Buffer b = l.of(node.input(2), dtype);
        Buffer y = l.of(node.input(1)).dtype() == dtype ? l.like(node.input(1), node.output(0)) : l.define(node.output(0), dtype);
        long run = a.elements() / Math.max(1, mask.elements());
        l.step("indexing.select", List.of(mask, a, b), List.of(y), stream -> Kinema.kn_indexing_select(y.address(), mask.address(),
            a.address(), b.address(), a.elements(), run, b.elements(), a.code(), stream));
    }
}
