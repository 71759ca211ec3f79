package dev.kinema.device.reference;

import dev.kinema.graph.Shape;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.AveragePool3dGradient;
import dev.kinema.graph.op.GlobalAveragePool3d;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.MaxPool3dGradient;
import dev.kinema.graph.op.Window;
import java.util.Arrays;

/** Pooling over windows of video. */
final class Pooling {
    private Pooling() {}

    static void register(Kernels kernels) {
        kernels.add(MaxPool3d.class, Pooling::max);
        kernels.add(MaxPool3dGradient.class, Pooling::maxGradient);
        kernels.add(AveragePool3d.class, Pooling::average);
        kernels.add(AveragePool3dGradient.class, Pooling::averageGradient);
        kernels.add(GlobalAveragePool3d.class, Pooling::globalAverage);
    }

    /** Told of every tap inside the input: y at channel 0 of an output position, x at channel 0 of the input position below the tap. */
    @FunctionalInterface
    private interface Visitor {
        void visit(int yAt, int xAt, int tap);
    }

    private static void visit(Window window, Shape x, Shape y, Visitor visitor) {
        int positions = (int) y.product(0, 4);
        for (int p = 0; p < positions; p++) {
            int w = p % y.dim(3);
            int h = p / y.dim(3) % y.dim(2);
            int t = p / y.dim(3) / y.dim(2) % y.dim(1);
            int n = p / y.dim(3) / y.dim(2) / y.dim(1);
            for (int tap = 0; tap < window.kernel().volume(); tap++) {
                int xw = w * window.stride().w() - window.padding().w() + tap % window.kernel().w();
                int xh = h * window.stride().h() - window.padding().h() + tap / window.kernel().w() % window.kernel().h();
                int xt = t * window.stride().t() - window.padding().t() + tap / window.kernel().w() / window.kernel().h();
                if (xt >= 0 && xt < x.dim(1) && xh >= 0 && xh < x.dim(2) && xw >= 0 && xw < x.dim(3)) {
                    int xAt = (((n * x.dim(1) + xt) * x.dim(2) + xh) * x.dim(3) + xw) * x.last();
                    visitor.visit(p * y.last(), xAt, tap);
                }
            }
        }
    }

    private static void max(MaxPool3d op, Call call) {
        double[] x = call.in(0);
        double[] y = call.out(0);
        long[] winners = call.outIntegers(1);
        Arrays.fill(y, Double.NEGATIVE_INFINITY);
        visit(op.window(), call.shape(0), call.outShape(0), (yAt, xAt, tap) -> {
            for (int c = 0; c < call.shape(0).last(); c++) {
                if (x[xAt + c] > y[yAt + c] || Double.isNaN(x[xAt + c])) {
                    y[yAt + c] = x[xAt + c];
                    winners[yAt + c] = tap;
                }
            }
        });
    }

    private static void maxGradient(MaxPool3dGradient op, Call call) {
        double[] dy = call.in(0);
        long[] winners = call.integers(1);
        double[] dx = call.out(0);
        visit(op.window(), op.input(), call.shape(0), (yAt, xAt, tap) -> {
            for (int c = 0; c < op.input().last(); c++) {
                dx[xAt + c] += winners[yAt + c] == tap ? dy[yAt + c] : 0;
            }
        });
    }

    private static void average(AveragePool3d op, Call call) {
        double each = 1.0 / op.window().kernel().volume();
        visit(op.window(), call.shape(0), call.outShape(0),
            (yAt, xAt, tap) -> Vectors.add(call.out(0), yAt, each, call.in(0), xAt, call.shape(0).last()));
    }

    private static void averageGradient(AveragePool3dGradient op, Call call) {
        double each = 1.0 / op.window().kernel().volume();
        visit(op.window(), op.input(), call.shape(0),
            (yAt, xAt, tap) -> Vectors.add(call.out(0), xAt, each, call.in(0), yAt, op.input().last()));
    }

    private static void globalAverage(GlobalAveragePool3d op, Call call) {
        Shape x = call.shape(0);
        int positions = (int) x.product(1, 4);
        for (int n = 0; n < x.dim(0); n++) {
            for (int p = 0; p < positions; p++) {
                Vectors.add(call.out(0), n * x.last(), 1.0 / positions, call.in(0), (n * positions + p) * x.last(), x.last());
            }
        }
    }
}
