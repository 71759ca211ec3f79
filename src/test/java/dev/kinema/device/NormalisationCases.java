package dev.kinema.device;

import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.BatchNorm;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.LayerNorm;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.Softmax;
import java.util.List;

/** Normalisation of channels and of rows. */
final class NormalisationCases {
    private NormalisationCases() {}

    static void addTo(OpCases cases) {
        for (int[] shape : new int[][] {{5, 3}, {2, 2, 3, 5, 17}, {1, 2, 7, 5, 32}, {4, 64}}) {
            cases.add("BatchNorm of " + shape.length + " axes, " + shape[shape.length - 1] + " channels", g -> batchNorm(g, shape));
            cases.add("BatchNormInference of " + shape.length + " axes, " + shape[shape.length - 1] + " channels", g -> inference(g, shape));
        }
        for (int[] shape : new int[][] {{2, 2, 3, 5, 17}, {1, 2, 7, 5, 16}}) {
            for (boolean batch : new boolean[] {true, false}) {
                for (boolean sum : new boolean[] {true, false}) {
                    cases.add((batch ? "BatchNorm" : "BatchNormInference") + (sum ? ", sum" : "") + ", ReLU of " + shape[4] + " channels",
                        g -> block(g, batch, sum, shape));
                }
            }
        }
        for (int[] shape : new int[][] {{1, 3}, {3, 5}, {2, 5, 17}, {17, 64}}) {
            cases.add("LayerNorm of " + shape[shape.length - 1], g -> layerNorm(g, shape));
        }
        for (int[] shape : new int[][] {{1, 2}, {5, 17}, {2, 3, 64}}) {
            cases.add("L2Normalize of " + shape[shape.length - 1], g -> {
                Value x = g.floats("x", shape);
                var normalized = g.graph().append(new L2Normalize(L2Normalize.EPSILON), List.of(x));
                g.output("norms", normalized.output(1));
                g.result(normalized.output(0), x);
            });
            cases.add("Softmax of " + shape[shape.length - 1], g -> {
                Value x = g.floats("x", shape);
                g.result(Softmax.of(x), x);
            });
        }
        cases.add("L2Normalize of rows below epsilon", g -> {
            Value x = g.floats("x", 3, 5);
            g.result(g.graph().add(new L2Normalize(100), x), x);
        });
        cases.add("Softmax of large logits", g -> {
            Value x = g.distinct("x", 3, 5);
            g.result(Softmax.of(Scale.of(x, 64)), x);
        });
    }

    private static void batchNorm(CaseGraph g, int[] shape) {
        int channels = shape[shape.length - 1];
        Value x = g.uniform("x", -1, 2, shape);
        Value gamma = g.parameter("gamma", 1, channels);
        Value beta = g.parameter("beta", 1, channels);
        var norm = g.graph().append(new BatchNorm(1e-5), List.of(x, gamma, beta));
        g.output("mean", norm.output(1));
        g.output("variance", norm.output(2));
        g.result(norm.output(0), x, gamma, beta);
    }

    private static void inference(CaseGraph g, int[] shape) {
        int channels = shape[shape.length - 1];
        Value x = g.floats("x", shape);
        Value gamma = g.parameter("gamma", 1, channels);
        Value beta = g.parameter("beta", 1, channels);
        Value mean = g.state("mean", -1, 1, channels);
        Value variance = g.state("variance", 0.5, 1.5, channels);
        g.result(g.graph().add(new BatchNormInference(1e-5), x, gamma, beta, mean, variance), x, gamma, beta);
    }

    /** The end of a residual block, which devices may compute at once. */
    private static void block(CaseGraph g, boolean batch, boolean sum, int[] shape) {
        int channels = shape[shape.length - 1];
        // what is normalised is anywhere; its derivatives, and ReLU's, are held against differences in cases of their own
        g.mayKink();
        Value x = g.uniform("x", -1, 2, shape);
        Value gamma = g.parameter("gamma", 1, channels);
        Value beta = g.parameter("beta", 1, channels);
        Value y = batch ? g.graph().append(new BatchNorm(1e-5), List.of(x, gamma, beta)).output(0)
            : g.graph().add(new BatchNormInference(1e-5), x, gamma, beta, g.state("mean", -1, 1, channels),
                g.state("variance", 0.5, 1.5, channels));
        if (sum) {
            Value residual = g.floats("residual", shape);
            g.result(Relu.of(Add.of(y, Scale.of(residual, 2))), x, gamma, beta, residual);
        } else {
            g.result(Relu.of(y), x, gamma, beta);
        }
    }

    private static void layerNorm(CaseGraph g, int[] shape) {
        Value x = g.uniform("x", -1, 2, shape);
        Value gamma = g.parameter("gamma", 1, shape[shape.length - 1]);
        Value beta = g.parameter("beta", 1, shape[shape.length - 1]);
        var norm = g.graph().append(new LayerNorm(1e-5), List.of(x, gamma, beta));
        g.output("mean", norm.output(1));
        g.output("variance", norm.output(2));
        g.result(norm.output(0), x, gamma, beta);
    }
}
