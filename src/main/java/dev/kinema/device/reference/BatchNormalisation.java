package dev.kinema.device.reference;

import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.BatchNormGradient;
import dev.kinema.graph.op.BatchNormInference;

/** Batch norm: per channel, which is the last axis; with m rows of C channels. */
final class BatchNormalisation {
    private BatchNormalisation() {}

    static void register(Kernels kernels) {
        kernels.add(BatchNorm.class, BatchNormalisation::training);
        kernels.add(BatchNormInference.class, (op, call) -> normalize(call, call.in(3), call.in(4), op.epsilon()));
        kernels.add(BatchNormGradient.class, BatchNormalisation::gradient);
    }

    private static void training(BatchNorm op, Call call) {
        double[] x = call.in(0);
        double[] mean = call.out(1);
        double[] variance = call.out(2);
        int channels = mean.length;
        double rows = (double) x.length / channels;
        for (int i = 0; i < x.length; i++) {
            mean[i % channels] += x[i] / rows;
        }
        for (int i = 0; i < x.length; i++) {
            double d = x[i] - mean[i % channels];
            variance[i % channels] += d * d / rows;
        }
        normalize(call, mean, variance, op.epsilon());
    }

    private static void normalize(Call call, double[] mean, double[] variance, double epsilon) {
        double[] x = call.in(0);
        double[] gamma = call.in(1);
        double[] beta = call.in(2);
        double[] y = call.out(0);
        double[] inverse = inverse(variance, epsilon);
        int channels = gamma.length;
        for (int i = 0; i < y.length; i++) {
            int c = i % channels;
            y[i] = (x[i] - mean[c]) * inverse[c] * gamma[c] + beta[c];
        }
    }

    /** 1 / sqrt(variance + epsilon). */
    private static double[] inverse(double[] variance, double epsilon) {
        double[] inverse = new double[variance.length];
        for (int c = 0; c < inverse.length; c++) {
            inverse[c] = 1 / Math.sqrt(variance[c] + epsilon);
        }
        return inverse;
    }

    /**
     * With z = (x - mean) / sqrt(variance + epsilon): dbeta = sum dy, dgamma = sum dy z; dx = gamma / sqrt(variance + epsilon) * dy,
     * and where mean and variance depend on x, dy - dbeta / m - z dgamma / m in place of dy.
     */
    private static void gradient(BatchNormGradient op, Call call) {
        double[] dy = call.in(0);
        double[] x = call.in(1);
        double[] gamma = call.in(2);
        double[] mean = call.in(3);
        double[] inverse = inverse(call.in(4), op.epsilon());
        double[] dx = call.out(0);
        double[] dgamma = call.out(1);
        double[] dbeta = call.out(2);
        int channels = gamma.length;
        for (int i = 0; i < x.length; i++) {
            int c = i % channels;
            dbeta[c] += dy[i];
            dgamma[c] += dy[i] * (x[i] - mean[c]) * inverse[c];
        }
        double rows = (double) x.length / channels;
        for (int i = 0; i < x.length; i++) {
            int c = i % channels;
            double z = (x[i] - mean[c]) * inverse[c];
            double through = op.batchStatistics() ? (dbeta[c] + z * dgamma[c]) / rows : 0;
            dx[i] = gamma[c] * inverse[c] * (dy[i] - through);
        }
    }
}
