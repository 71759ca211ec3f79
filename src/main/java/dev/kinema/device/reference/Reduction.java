package dev.kinema.device.reference;

import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Broadcast;
import dev.kinema.graph.op.ClipFactor;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Softmax;
import dev.kinema.graph.op.SoftmaxGradient;
import java.util.List;

/** Sums over axes, their transpose, and softmax. */
final class Reduction {
    private Reduction() {}

    static void register(Kernels kernels) {
        kernels.add(Reduce.class, Reduction::reduce);
        kernels.add(Broadcast.class, Reduction::broadcast);
        kernels.add(GlobalNorm.class, Reduction::globalNorm);
        kernels.add(ClipFactor.class, (op, call) -> call.out(0)[0] = Math.min(1, op.limit() / (call.scalar(0) + 1e-6)));
        kernels.add(Softmax.class, Reduction::softmax);
        kernels.add(SoftmaxGradient.class, Reduction::softmaxGradient);
    }

    /** For each element of a value of shape {@code full}, in order, its place in the value without {@code axes}. */
    private static int[] places(Shape full, List<Integer> axes) {
        int rank = full.rank();
        int[] steps = new int[rank];
        int step = 1;
        for (int axis = rank - 1; axis >= 0; axis--) {
            if (!axes.contains(axis)) {
                steps[axis] = step;
                step *= full.dim(axis);
            }
        }
        int[] places = new int[(int) full.elements()];
        int[] index = new int[rank];
        int at = 0;
        for (int i = 0; i < places.length; i++) {
            places[i] = at;
            for (int axis = rank - 1; axis >= 0; axis--) {
                at += steps[axis];
                if (++index[axis] < full.dim(axis)) {
                    break;
                }
                at -= index[axis] * steps[axis];
                index[axis] = 0;
            }
        }
        return places;
    }

    private static void reduce(Reduce op, Call call) {
        double[] x = call.in(0);
        double[] y = call.out(0);
        int[] places = places(call.shape(0), op.axes());
        for (int i = 0; i < x.length; i++) {
            y[places[i]] += x[i];
        }
        if (op.kind() == Reduce.Kind.MEAN) {
            for (int i = 0; i < y.length; i++) {
                y[i] *= (double) y.length / x.length;
            }
        }
    }

    private static void broadcast(Broadcast op, Call call) {
        double[] x = call.in(0);
        double[] y = call.out(0);
        int[] places = places(op.shape(), op.axes());
        for (int i = 0; i < y.length; i++) {
            y[i] = x[places[i]];
        }
    }

    private static void globalNorm(GlobalNorm op, Call call) {
        double squares = 0;
        for (int i = 0; i < call.inputs(); i++) {
            squares += Vectors.dot(call.in(i), 0, call.in(i), 0, call.in(i).length);
        }
        call.out(0)[0] = Math.sqrt(squares);
    }

    private static void softmax(Softmax op, Call call) {
        double[] x = call.in(0);
        double[] y = call.out(0);
        int width = call.shape(0).last();
        for (int row = 0; row < x.length; row += width) {
            double logSum = Vectors.logSumExp(x, row, width);
            for (int i = row; i < row + width; i++) {
                y[i] = Math.exp(x[i] - logSum);
            }
        }
    }

    private static void softmaxGradient(SoftmaxGradient op, Call call) {
        double[] dy = call.in(0);
        double[] y = call.in(1);
        double[] dx = call.out(0);
        int width = call.shape(0).last();
        for (int row = 0; row < y.length; row += width) {
            double sum = Vectors.dot(dy, row, y, row, width);
            for (int i = row; i < row + width; i++) {
                dx[i] = y[i] * (dy[i] - sum);
            }
        }
    }
}
