package dev.kinema.device.reference;

import dev.kinema.graph.Shape;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.MatMul;

/** Matrix products. */
final class Products {
    /** Rows computed together, for which a weight matrix is read once. */
    private static final int BLOCK = 32;

    private Products() {}

    static void register(Kernels kernels) {
        kernels.add(Linear.class, Products::linear);
        kernels.add(MatMul.class, Products::matMul);
    }

    private static void linear(Linear op, Call call) {
        Shape weight = call.shape(1);
        double[] y = call.out(0);
        int outs = weight.dim(0);
        int rows = (int) call.shape(0).rows();
        if (op.bias()) {
            for (int i = 0; i < y.length; i++) {
                y[i] = call.in(2)[i % outs];
            }
        }
        double[] w = Vectors.transpose(call.in(1), 0, outs, weight.dim(1));
        addProduct(call, y, 0, call.in(0), 0, w, 0, rows, weight.dim(1), outs);
        for (int i = 0; i < y.length; i++) {
            y[i] = switch (op.activation()) {
                case NONE -> y[i];
                case RELU -> Math.max(y[i], 0);
                case GELU -> Gaussian.gelu(y[i]);
                case GELU_TANH -> Gaussian.tanhGelu(y[i]);
            };
        }
    }

    private static void matMul(MatMul op, Call call) {
        Shape out = call.outShape(0);
        int m = out.dim(-2);
        int n = out.dim(-1);
        int k = call.shape(0).dim(op.transposeA() ? -2 : -1);
        int batches = (int) out.product(0, out.rank() - 2);
        for (int b = 0; b < batches; b++) {
            double[] x = op.transposeA() ? Vectors.transpose(call.in(0), b * k * m, k, m) : call.in(0);
            double[] w = op.transposeB() ? Vectors.transpose(call.in(1), b * k * n, n, k) : call.in(1);
            addProduct(call, call.out(0), b * m * n, x, op.transposeA() ? 0 : b * m * k, w, op.transposeB() ? 0 : b * k * n, m, k, n);
        }
    }

    /** y [m, n] += x [m, k] times w [k, n]. */
    private static void addProduct(Call call, double[] y, int yAt, double[] x, int xAt, double[] w, int wAt, int m, int k, int n) {
        call.rows((m + BLOCK - 1) / BLOCK, (from, to) -> {
            int[] yRows = new int[BLOCK];
            int[] xRows = new int[BLOCK];
            for (int block = from; block < to; block++) {
                int count = Math.min(BLOCK, m - block * BLOCK);
                for (int p = 0; p < count; p++) {
                    yRows[p] = yAt + (block * BLOCK + p) * n;
                    xRows[p] = xAt + (block * BLOCK + p) * k;
                }
                Vectors.addProducts(y, yRows, n, x, xRows, k, count, w, wAt);
            }
        });
    }
}
