package dev.kinema.device.reference;

import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.L2NormalizeGradient;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.LayerNormGradient;

/** Normalisation of rows, a row being the last axis. */
final class Normalisation {
    private Normalisation() {}

    static void register(Kernels kernels) {
        kernels.add(LayerNorm.class, Normalisation::layerNorm);
        kernels.add(LayerNormGradient.class, Normalisation::layerNormGradient);
        kernels.add(L2Normalize.class, Normalisation::l2Normalize);
        kernels.add(L2NormalizeGradient.class, Normalisation::l2NormalizeGradient);
    }

    private static void layerNorm(LayerNorm op, Call call) {
        double[] x = call.in(0);
        double[] gamma = call.in(1);
        double[] beta = call.in(2);
        double[] y = call.out(0);
        int width = gamma.length;
        for (int row = 0; row < call.out(1).length; row++) {
            double mean = 0;
            for (int i = 0; i < width; i++) {
                mean += x[row * width + i] / width;
            }
            double variance = 0;
            for (int i = 0; i < width; i++) {
                double d = x[row * width + i] - mean;
                variance += d * d / width;
            }
            double inverse = 1 / Math.sqrt(variance + op.epsilon());
            for (int i = 0; i < width; i++) {
                y[row * width + i] = (x[row * width + i] - mean) * inverse * gamma[i] + beta[i];
            }
            call.out(1)[row] = mean;
            call.out(2)[row] = variance;
        }
    }

    /** With z the normalised row and g = dy gamma: dx = (g - mean(g) - z mean(g z)) / sqrt(variance + epsilon). */
    private static void layerNormGradient(LayerNormGradient op, Call call) {
        double[] dy = call.in(0);
        double[] x = call.in(1);
        double[] gamma = call.in(2);
        int width = gamma.length;
        double[] z = new double[width];
        double[] g = new double[width];
        for (int row = 0; row < call.in(3).length; row++) {
            double inverse = 1 / Math.sqrt(call.in(4)[row] + op.epsilon());
            double meanG = 0;
            double meanGz = 0;
            for (int i = 0; i < width; i++) {
                z[i] = (x[row * width + i] - call.in(3)[row]) * inverse;
                g[i] = dy[row * width + i] * gamma[i];
                meanG += g[i] / width;
                meanGz += g[i] * z[i] / width;
                call.out(1)[i] += dy[row * width + i] * z[i];
                call.out(2)[i] += dy[row * width + i];
            }
            for (int i = 0; i < width; i++) {
                call.out(0)[row * width + i] = (g[i] - meanG - z[i] * meanGz) * inverse;
            }
        }
    }

    private static void l2Normalize(L2Normalize op, Call call) {
        double[] x = call.in(0);
        double[] norms = call.out(1);
        int width = call.shape(0).last();
        for (int row = 0; row < norms.length; row++) {
            norms[row] = Math.sqrt(Vectors.dot(x, row * width, x, row * width, width));
            Vectors.add(call.out(0), row * width, 1 / Math.max(norms[row], op.epsilon()), x, row * width, width);
        }
    }

    private static void l2NormalizeGradient(L2NormalizeGradient op, Call call) {
        double[] dy = call.in(0);
        double[] y = call.in(1);
        double[] norms = call.in(2);
        double[] dx = call.out(0);
        int width = call.shape(1).last();
        for (int row = 0; row < norms.length; row++) {
            double along = norms[row] < op.epsilon() ? 0 : Vectors.dot(dy, row * width, y, row * width, width);
            double inverse = 1 / Math.max(norms[row], op.epsilon());
            for (int i = row * width; i < (row + 1) * width; i++) {
                dx[i] = (dy[i] - y[i] * along) * inverse;
            }
        }
    }
}
