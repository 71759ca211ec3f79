package dev.kinema.device.reference;

import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Conv3dInputGradient;
import dev.kinema.graph.op.Conv3dWeightGradient;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.FusedConv3d;
import java.util.Arrays;

/**
 * Convolution and its gradients: y[n, t, h, w, o] = sum over i and taps of x[n, t*st - pt + kt, h*sh - ph + kh, w*sw - pw + kw, i] *
 * weight[o, i, kt, kh, kw], taps outside of x contributing nothing.
 */
final class Convolution {
    private Convolution() {}

    static void register(Kernels kernels) {
        kernels.add(Conv3d.class, (op, call) -> forward(call, op.stride(), op.padding()));
        kernels.add(FusedConv3d.class, Convolution::fused);
        kernels.add(Conv3dInputGradient.class, Convolution::inputGradient);
        kernels.add(Conv3dWeightGradient.class, Convolution::weightGradient);
        kernels.add(FoldBatchNorm.class, Convolution::foldBatchNorm);
    }

    /** Sizes of a convolution from x to y. */
    private record Geometry(Shape x, Shape y, Shape weight, Extent stride, Extent padding) {
        int ins() {
            return x.last();
        }

        int outs() {
            return y.last();
        }

        int taps() {
            return weight.dim(2) * weight.dim(3) * weight.dim(4);
        }

        int tap(int kt, int kh, int kw) {
            return (kt * weight.dim(3) + kh) * weight.dim(4) + kw;
        }

        /** First channel of x at a position. */
        int xAt(int n, int t, int h, int w) {
            return (((n * x.dim(1) + t) * x.dim(2) + h) * x.dim(3) + w) * ins();
        }

        /** First channel of y at a position. */
        int yAt(int n, int t, int h, int w) {
            return (((n * y.dim(1) + t) * y.dim(2) + h) * y.dim(3) + w) * outs();
        }

        /** The position along an axis of x that tap k of output position {@code out} falls on, or -1 outside. */
        static int in(int out, int k, int stride, int padding, int size) {
            int at = out * stride - padding + k;
            return at >= 0 && at < size ? at : -1;
        }

        /** The output position whose tap k falls on position {@code in} of x, or -1 if there is none. */
        static int out(int in, int k, int stride, int padding, int size) {
            int at = in + padding - k;
            return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
        }
    }

    private static void forward(Call call, Extent stride, Extent padding) {
        Geometry g = new Geometry(call.shape(0), call.outShape(0), call.shape(1), stride, padding);
        double[] packed = pack(call.in(1), g, false);
        int rowsPerClip = g.y().dim(1) * g.y().dim(2);
        call.rows(g.y().dim(0) * rowsPerClip, (from, to) -> {
            Row row = new Row(g.y().dim(3));
            for (int r = from; r < to; r++) {
                forwardRow(g, call.in(0), packed, call.out(0), row, r / rowsPerClip, r % rowsPerClip / g.y().dim(2), r % g.y().dim(2));
            }
        });
    }

    /** Pairs of positions along the width, one of y and one of x, that a tap connects. */
    private static final class Row {
        final int[] yAt;
        final int[] xAt;
        int count;

        Row(int width) {
            yAt = new int[width];
            xAt = new int[width];
        }

        void add(int y, int x) {
            yAt[count] = y;
            xAt[count++] = x;
        }
    }

    private static void forwardRow(Geometry g, double[] x, double[] packed, double[] y, Row row, int n, int t, int h) {
        for (int kt = 0; kt < g.weight().dim(2); kt++) {
            int xt = Geometry.in(t, kt, g.stride().t(), g.padding().t(), g.x().dim(1));
            for (int kh = 0; kh < g.weight().dim(3); kh++) {
                int xh = Geometry.in(h, kh, g.stride().h(), g.padding().h(), g.x().dim(2));
                for (int kw = 0; xt >= 0 && xh >= 0 && kw < g.weight().dim(4); kw++) {
                    row.count = 0;
                    for (int w = 0; w < g.y().dim(3); w++) {
                        int xw = Geometry.in(w, kw, g.stride().w(), g.padding().w(), g.x().dim(3));
                        if (xw >= 0) {
                            row.add(g.yAt(n, t, h, w), g.xAt(n, xt, xh, xw));
                        }
                    }
                    int weights = g.tap(kt, kh, kw) * g.ins() * g.outs();
                    Vectors.addProducts(y, row.yAt, g.outs(), x, row.xAt, g.ins(), row.count, packed, weights);
                }
            }
        }
    }

    /** Weight [O, I, taps] as [taps, I, O], or as [taps, O, I] if {@code outsFirst}. */
    private static double[] pack(double[] weight, Geometry g, boolean outsFirst) {
        double[] packed = new double[weight.length];
        for (int o = 0; o < g.outs(); o++) {
            for (int i = 0; i < g.ins(); i++) {
                for (int tap = 0; tap < g.taps(); tap++) {
                    int to = outsFirst ? (tap * g.outs() + o) * g.ins() + i : (tap * g.ins() + i) * g.outs() + o;
                    packed[to] = weight[(o * g.ins() + i) * g.taps() + tap];
                }
            }
        }
        return packed;
    }

    private static void fused(FusedConv3d op, Call call) {
        forward(call, op.stride(), op.padding());
        double[] y = call.out(0);
        double[] bias = call.in(2);
        for (int i = 0; i < y.length; i++) {
            y[i] += bias[i % bias.length] + (op.residual() ? call.in(3)[i] : 0);
            y[i] = op.relu() ? Math.max(y[i], 0) : y[i];
        }
    }

    private static void inputGradient(Conv3dInputGradient op, Call call) {
        Geometry g = new Geometry(op.input(), call.shape(0), call.shape(1), op.stride(), op.padding());
        double[] packed = pack(call.in(1), g, true);
        int rowsPerClip = g.x().dim(1) * g.x().dim(2);
        call.rows(g.x().dim(0) * rowsPerClip, (from, to) -> {
            Row row = new Row(g.x().dim(3));
            for (int r = from; r < to; r++) {
                inputGradientRow(g, call.in(0), packed, call.out(0), row, r / rowsPerClip, r % rowsPerClip / g.x().dim(2), r % g.x().dim(2));
            }
        });
    }

    private static void inputGradientRow(Geometry g, double[] dy, double[] packed, double[] dx, Row row, int n, int t, int h) {
        for (int kt = 0; kt < g.weight().dim(2); kt++) {
            int yt = Geometry.out(t, kt, g.stride().t(), g.padding().t(), g.y().dim(1));
            for (int kh = 0; kh < g.weight().dim(3); kh++) {
                int yh = Geometry.out(h, kh, g.stride().h(), g.padding().h(), g.y().dim(2));
                for (int kw = 0; yt >= 0 && yh >= 0 && kw < g.weight().dim(4); kw++) {
                    row.count = 0;
                    for (int w = 0; w < g.x().dim(3); w++) {
                        int yw = Geometry.out(w, kw, g.stride().w(), g.padding().w(), g.y().dim(3));
                        if (yw >= 0) {
                            row.add(g.yAt(n, yt, yh, yw), g.xAt(n, t, h, w));
                        }
                    }
                    int weights = g.tap(kt, kh, kw) * g.ins() * g.outs();
                    Vectors.addProducts(dx, row.xAt, g.ins(), dy, row.yAt, g.outs(), row.count, packed, weights);
                }
            }
        }
    }

    private static void weightGradient(Conv3dWeightGradient op, Call call) {
        Geometry g = new Geometry(call.shape(0), call.shape(1), op.weight(), op.stride(), op.padding());
        double[] dw = call.out(0);
        call.rows(g.taps(), (from, to) -> {
            for (int tap = from; tap < to; tap++) {
                double[] sums = tapGradient(g, tap, call.in(0), call.in(1));
                for (int i = 0; i < g.ins(); i++) {
                    for (int o = 0; o < g.outs(); o++) {
                        dw[(o * g.ins() + i) * g.taps() + tap] = sums[i * g.outs() + o];
                    }
                }
            }
        });
    }

    /** [I, O]: the sum over all positions of x under the tap, transposed, times dy. */
    private static double[] tapGradient(Geometry g, int tap, double[] x, double[] dy) {
        Row pairs = pairs(g, tap);
        double[] columns = new double[g.ins() * pairs.count];
        double[] rows = new double[pairs.count * g.outs()];
        for (int p = 0; p < pairs.count; p++) {
            for (int i = 0; i < g.ins(); i++) {
                columns[i * pairs.count + p] = x[pairs.xAt[p] + i];
            }
            System.arraycopy(dy, pairs.yAt[p], rows, p * g.outs(), g.outs());
        }
        double[] sums = new double[g.ins() * g.outs()];
        int[] sumsAt = new int[g.ins()];
        int[] columnsAt = new int[g.ins()];
        Arrays.setAll(sumsAt, i -> i * g.outs());
        Arrays.setAll(columnsAt, i -> i * pairs.count);
        Vectors.addProducts(sums, sumsAt, g.outs(), columns, columnsAt, pairs.count, g.ins(), rows, 0);
        return sums;
    }

    /** All pairs of positions that a tap connects. */
    private static Row pairs(Geometry g, int tap) {
        int kt = tap / (g.weight().dim(3) * g.weight().dim(4));
        int kh = tap / g.weight().dim(4) % g.weight().dim(3);
        int kw = tap % g.weight().dim(4);
        Row pairs = new Row((int) g.y().product(0, 4));
        for (int n = 0; n < g.y().dim(0); n++) {
            for (int t = 0; t < g.y().dim(1); t++) {
                int xt = Geometry.in(t, kt, g.stride().t(), g.padding().t(), g.x().dim(1));
                for (int h = 0; h < g.y().dim(2); h++) {
                    int xh = Geometry.in(h, kh, g.stride().h(), g.padding().h(), g.x().dim(2));
                    for (int w = 0; w < g.y().dim(3); w++) {
                        int xw = Geometry.in(w, kw, g.stride().w(), g.padding().w(), g.x().dim(3));
                        if (xt >= 0 && xh >= 0 && xw >= 0) {
                            pairs.add(g.yAt(n, t, h, w), g.xAt(n, xt, xh, xw));
                        }
                    }
                }
            }
        }
        return pairs;
    }

    private static void foldBatchNorm(FoldBatchNorm op, Call call) {
        double[] weight = call.in(0);
        int outs = call.shape(0).dim(0);
        int row = weight.length / outs;
        for (int o = 0; o < outs; o++) {
            double scale = call.in(1)[o] / Math.sqrt(call.in(4)[o] + op.epsilon());
            for (int i = o * row; i < (o + 1) * row; i++) {
                call.out(0)[i] = weight[i] * scale;
            }
            call.out(1)[o] = call.in(2)[o] - call.in(3)[o] * scale;
        }
    }
}
