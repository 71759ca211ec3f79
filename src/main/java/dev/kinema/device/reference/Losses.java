package dev.kinema.device.reference;

import dev.kinema.graph.op.BinaryCrossEntropy;
import dev.kinema.graph.op.BinaryCrossEntropyGradient;
import dev.kinema.graph.op.MeanSquaredError;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.graph.op.SoftmaxCrossEntropyGradient;

/** Losses against labels and targets. */
final class Losses {
    private Losses() {}

    static void register(Kernels kernels) {
        kernels.add(SoftmaxCrossEntropy.class, Losses::crossEntropy);
        kernels.add(SoftmaxCrossEntropyGradient.class, Losses::crossEntropyGradient);
        kernels.add(BinaryCrossEntropy.class, Losses::binary);
        kernels.add(BinaryCrossEntropyGradient.class, Losses::binaryGradient);
        kernels.add(MeanSquaredError.class, Losses::squaredError);
    }

    private static boolean counts(SoftmaxCrossEntropy op, Call call, long label, int classes) {
        if (label == op.ignored()) {
            return false;
        }
        if (label < 0 || label >= classes) {
            throw call.error("label " + label + " is not one of " + classes + " classes: labels start at 0, and " + op.ignored() + " is ignored");
        }
        return true;
    }

    private static int counted(SoftmaxCrossEntropy op, Call call, long[] labels, int classes) {
        int counted = 0;
        for (long label : labels) {
            counted += counts(op, call, label, classes) ? 1 : 0;
        }
        return counted;
    }

    /** The share of class c in the smoothed target. */
    private static double target(SoftmaxCrossEntropy op, long label, int c, int classes) {
        return (c == label ? 1 - op.smoothing() : 0) + op.smoothing() / classes;
    }

    private static void crossEntropy(SoftmaxCrossEntropy op, Call call) {
        double[] x = call.in(0);
        long[] labels = call.integers(1);
        int classes = call.shape(0).last();
        int counted = counted(op, call, labels, classes);
        for (int row = 0; row < labels.length; row++) {
            if (labels[row] == op.ignored()) {
                continue;
            }
            double logSum = Vectors.logSumExp(x, row * classes, classes);
            for (int c = 0; c < classes; c++) {
                call.out(0)[0] += target(op, labels[row], c, classes) * (logSum - x[row * classes + c]) / counted;
            }
        }
    }

    /** (softmax - target) / counted rows, times the loss's gradient. */
    private static void crossEntropyGradient(SoftmaxCrossEntropyGradient op, Call call) {
        double[] x = call.in(1);
        long[] labels = call.integers(2);
        double[] dx = call.out(0);
        int classes = call.shape(1).last();
        int counted = counted(op.forward(), call, labels, classes);
        for (int row = 0; row < labels.length; row++) {
            if (labels[row] == op.forward().ignored()) {
                continue;
            }
            double logSum = Vectors.logSumExp(x, row * classes, classes);
            for (int c = 0; c < classes; c++) {
                int i = row * classes + c;
                dx[i] = call.scalar(0) * (Math.exp(x[i] - logSum) - target(op.forward(), labels[row], c, classes)) / counted;
            }
        }
    }

    /** -t log(s) - (1 - t) log(1 - s) with s = sigmoid(x), which is max(x, 0) - t x + log(1 + exp(-|x|)). */
    private static void binary(BinaryCrossEntropy op, Call call) {
        double[] x = call.in(0);
        double[] target = call.in(1);
        for (int i = 0; i < x.length; i++) {
            call.out(0)[0] += (Math.max(x[i], 0) - target[i] * x[i] + Math.log1p(Math.exp(-Math.abs(x[i])))) / x.length;
        }
    }

    private static void binaryGradient(BinaryCrossEntropyGradient op, Call call) {
        double[] x = call.in(1);
        double[] target = call.in(2);
        for (int i = 0; i < x.length; i++) {
            call.out(0)[i] = call.scalar(0) * (1 / (1 + Math.exp(-x[i])) - target[i]) / x.length;
        }
    }

    private static void squaredError(MeanSquaredError op, Call call) {
        double[] a = call.in(0);
        double[] b = call.in(1);
        for (int i = 0; i < a.length; i++) {
            call.out(0)[0] += (a[i] - b[i]) * (a[i] - b[i]) / a.length;
        }
    }
}
