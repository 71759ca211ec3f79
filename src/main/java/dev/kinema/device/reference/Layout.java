package dev.kinema.device.reference;

import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Pad;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.ScatterAdd;
import dev.kinema.graph.op.Slice;
import dev.kinema.graph.op.StopGradient;
import dev.kinema.graph.op.Transpose;

/**
 * Operations that move elements. Along one axis a value is seen as [outer, size of the axis, inner], so that what lies together along the axis
 * is a run of elements.
 */
final class Layout {
    private Layout() {}

    static void register(Kernels kernels) {
        kernels.add(Reshape.class, (op, call) -> call.share(0, 0));
        kernels.add(StopGradient.class, (op, call) -> call.share(0, 0));
        kernels.add(Transpose.class, Layout::transpose);
        kernels.add(Slice.class, Layout::slice);
        kernels.add(Pad.class, Layout::pad);
        kernels.add(Concat.class, Layout::concat);
        kernels.add(Gather.class, Layout::gather);
        kernels.add(ScatterAdd.class, Layout::scatterAdd);
    }

    private static int outer(Shape shape, int axis) {
        return (int) shape.product(0, axis);
    }

    private static int inner(Shape shape, int axis) {
        return (int) shape.product(axis + 1, shape.rank());
    }

    private static void transpose(Transpose op, Call call) {
        Shape in = call.shape(0);
        int rank = in.rank();
        int[] sizes = call.outShape(0).dims();
        int[] steps = new int[rank];
        for (int i = 0; i < rank; i++) {
            steps[i] = inner(in, op.order().get(i));
        }
        double[] x = call.in(0);
        double[] y = call.out(0);
        int[] index = new int[rank];
        int from = 0;
        for (int to = 0; to < y.length; to++) {
            y[to] = x[from];
            for (int axis = rank - 1; axis >= 0; axis--) {
                from += steps[axis];
                if (++index[axis] < sizes[axis]) {
                    break;
                }
                from -= index[axis] * steps[axis];
                index[axis] = 0;
            }
        }
    }

    private static void slice(Slice op, Call call) {
        int inner = inner(call.shape(0), op.axis());
        int run = op.length() * inner;
        for (int o = 0; o < outer(call.shape(0), op.axis()); o++) {
            int from = (o * call.shape(0).dim(op.axis()) + op.start()) * inner;
            System.arraycopy(call.in(0), from, call.out(0), o * run, run);
        }
    }

    private static void pad(Pad op, Call call) {
        int inner = inner(call.shape(0), op.axis());
        int run = call.shape(0).dim(op.axis()) * inner;
        for (int o = 0; o < outer(call.shape(0), op.axis()); o++) {
            int to = (o * call.outShape(0).dim(op.axis()) + op.before()) * inner;
            System.arraycopy(call.in(0), o * run, call.out(0), to, run);
        }
    }

    private static void concat(Concat op, Call call) {
        Shape out = call.outShape(0);
        int at = 0;
        for (int part = 0; part < call.inputs(); part++) {
            int run = call.shape(part).dim(op.axis()) * inner(out, op.axis());
            for (int o = 0; o < outer(out, op.axis()); o++) {
                int to = o * out.dim(op.axis()) * inner(out, op.axis()) + at;
                System.arraycopy(call.in(part), o * run, call.out(0), to, run);
            }
            at += run;
        }
    }

    private static void gather(Gather op, Call call) {
        long[] indices = call.integers(1);
        int size = call.shape(0).dim(op.axis());
        int run = inner(call.shape(0), op.axis());
        for (int o = 0; o < outer(call.shape(0), op.axis()); o++) {
            for (int i = 0; i < indices.length; i++) {
                int from = (o * size + index(call, indices[i], size)) * run;
                System.arraycopy(call.in(0), from, call.out(0), (o * indices.length + i) * run, run);
            }
        }
    }

    private static void scatterAdd(ScatterAdd op, Call call) {
        long[] indices = call.integers(1);
        double[] x = call.in(0);
        double[] y = call.out(0);
        int size = op.output().dim(op.axis());
        int run = inner(op.output(), op.axis());
        for (int o = 0; o < outer(op.output(), op.axis()); o++) {
            for (int i = 0; i < indices.length; i++) {
                int from = (o * indices.length + i) * run;
                int to = (o * size + index(call, indices[i], size)) * run;
                for (int r = 0; r < run; r++) {
                    y[to + r] += x[from + r];
                }
            }
        }
    }

    private static int index(Call call, long index, int size) {
        if (index < 0 || index >= size) {
            throw call.error("index " + index + " is outside an axis of " + size + ": indices start at 0");
        }
        return (int) index;
    }
}
