package dev.kinema.device.cpu;

import dev.kinema.KinemaException;
import dev.kinema.graph.Node;
import dev.kinema.graph.op.BinaryCrossEntropy;
import dev.kinema.graph.op.BinaryCrossEntropyGradient;
import dev.kinema.graph.op.MeanSquaredError;
import dev.kinema.graph.op.Op;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.graph.op.SoftmaxCrossEntropyGradient;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.List;
import java.util.Map;

/** Losses, in Java: one pass over the logits, sums in double. */
final class Losses {
    private Losses() {}

    static void register(Map<Class<? extends Op>, Rules.Rule> rules) {
        rules.put(SoftmaxCrossEntropy.class, Losses::crossEntropy);
        rules.put(SoftmaxCrossEntropyGradient.class, Losses::crossEntropyGradient);
        rules.put(BinaryCrossEntropy.class, Losses::binary);
        rules.put(BinaryCrossEntropyGradient.class, Losses::binaryGradient);
        rules.put(MeanSquaredError.class, Losses::squared);
    }

    private static int checked(int label, int classes) {
        if (label < 0 || label >= classes) {
            throw new KinemaException("label " + label + " is not one of " + classes + " classes: check the labels fed to the program");
        }
        return label;
    }

    private static void crossEntropy(Lowering l, Node node) {
        SoftmaxCrossEntropy op = (SoftmaxCrossEntropy) node.op();
        Buffer logits = l.plain(node.input(0));
        Buffer labels = l.plain(node.input(1));
        Buffer loss = l.define(node.output(0));
        int classes = logits.shape().last();
        l.step("cross entropy", List.of(logits, labels), List.of(loss), p -> {
            FloatBuffer x = logits.floats();
            IntBuffer label = labels.ints();
            FloatBuffer out = loss.floats();
            return () -> {
                double sum = 0;
                int counted = 0;
                for (int r = 0; r < labels.elements(); r++) {
                    if (label.get(r) == op.ignored()) {
                        continue;
                    }
                    double log = Reductions.logSum(x, r * classes, classes);
                    double mean = 0;
                    for (int c = 0; op.smoothing() > 0 && c < classes; c++) {
                        mean += (log - x.get(r * classes + c)) / classes;
                    }
                    sum += (1 - op.smoothing()) * (log - x.get(r * classes + checked(label.get(r), classes))) + op.smoothing() * mean;
                    counted++;
                }
                out.put(0, counted == 0 ? 0 : (float) (sum / counted));
            };
        });
    }

    private static void crossEntropyGradient(Lowering l, Node node) {
        SoftmaxCrossEntropy op = ((SoftmaxCrossEntropyGradient) node.op()).forward();
        Buffer upstream = l.plain(node.input(0));
        Buffer logits = l.plain(node.input(1));
        Buffer labels = l.plain(node.input(2));
        Buffer dx = l.define(node.output(0));
        int classes = logits.shape().last();
        l.step("cross entropy gradient", List.of(upstream, logits, labels), List.of(dx), p -> {
            FloatBuffer g = upstream.floats();
            FloatBuffer x = logits.floats();
            IntBuffer label = labels.ints();
            FloatBuffer out = dx.floats();
            return () -> {
                int counted = 0;
                for (int r = 0; r < labels.elements(); r++) {
                    counted += label.get(r) == op.ignored() || checked(label.get(r), classes) < 0 ? 0 : 1;
                }
                double scale = (double) g.get(0) / Math.max(1, counted);
                for (int r = 0; r < labels.elements(); r++) {
                    boolean ignored = label.get(r) == op.ignored();
                    double log = Reductions.logSum(x, r * classes, classes);
                    for (int c = 0; c < classes; c++) {
                        double target = (label.get(r) == c ? 1 - op.smoothing() : 0) + op.smoothing() / classes;
                        out.put(r * classes + c, ignored ? 0 : (float) (scale * (Math.exp(x.get(r * classes + c) - log) - target)));
                    }
                }
            };
        });
    }

    private static void binary(Lowering l, Node node) {
        Buffer logits = l.plain(node.input(0));
        Buffer targets = l.plain(node.input(1));
        Buffer loss = l.define(node.output(0));
        int n = logits.elements();
        l.step("binary cross entropy", List.of(logits, targets), List.of(loss), p -> {
            FloatBuffer x = logits.floats();
            FloatBuffer t = targets.floats();
            FloatBuffer out = loss.floats();
            return () -> {
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    double v = x.get(i);
                    sum += Math.max(v, 0) - v * t.get(i) + Math.log1p(Math.exp(-Math.abs(v)));
                }
                out.put(0, (float) (sum / n));
            };
        });
    }

    private static void binaryGradient(Lowering l, Node node) {
        Buffer upstream = l.plain(node.input(0));
        Buffer logits = l.plain(node.input(1));
        Buffer targets = l.plain(node.input(2));
        Buffer dx = l.define(node.output(0));
        int n = logits.elements();
        l.step("binary cross entropy gradient", List.of(upstream, logits, targets), List.of(dx), p -> {
            FloatBuffer g = upstream.floats();
            FloatBuffer x = logits.floats();
            FloatBuffer t = targets.floats();
            FloatBuffer out = dx.floats();
            return () -> {
                for (int i = 0; i < n; i++) {
                    out.put(i, (float) (g.get(0) * (1 / (1 + Math.exp(-x.get(i))) - t.get(i)) / n));
                }
            };
        });
    }

    private static void squared(Lowering l, Node node) {
        Buffer a = l.plain(node.input(0));
        Buffer b = l.plain(node.input(1));
        Buffer loss = l.define(node.output(0));
        int n = a.elements();
        l.step("squared error", List.of(a, b), List.of(loss), p -> {
            FloatBuffer x = a.floats();
            FloatBuffer y = b.floats();
            FloatBuffer out = loss.floats();
            return () -> {
                double sum = 0;
                for (int i = 0; i < n; i++) {
                    double d = (double) x.get(i) - y.get(i);
                    sum += d * d;
                }
                out.put(0, (float) (sum / n));
            };
        });
    }
}
