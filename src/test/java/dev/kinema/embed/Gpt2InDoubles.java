package dev.kinema.embed;

import dev.kinema.device.HostArray;
import java.util.Map;

/**
 * GPT-2's formulas in plain loops over double numbers, straight from the tensors as files have them: fused c_attn, weights [inputs,
 * outputs]. It shares nothing with the engine, which is held against it.
 */
final class Gpt2InDoubles {
    private final Map<String, HostArray> tensors;
    private final int width;
    private final int heads;
    private final int layers;

    Gpt2InDoubles(Map<String, HostArray> tensors, int width, int heads, int layers) {
        this.tensors = tensors;
        this.width = width;
        this.heads = heads;
        this.layers = layers;
    }

    /** Logits after each token of one text. */
    double[][] logits(int... text) {
        double[] wte = numbers("wte.weight");
        double[] wpe = numbers("wpe.weight");
        double[][] x = new double[text.length][width];
        for (int t = 0; t < text.length; t++) {
            for (int d = 0; d < width; d++) {
                x[t][d] = wte[text[t] * width + d] + wpe[t * width + d];
            }
        }
        for (int l = 0; l < layers; l++) {
            String h = "h." + l + ".";
            add(x, conv1d(attention(conv1d(norm(x, h + "ln_1"), h + "attn.c_attn")), h + "attn.c_proj"));
            double[][] inner = conv1d(norm(x, h + "ln_2"), h + "mlp.c_fc");
            for (double[] row : inner) {
                for (int i = 0; i < row.length; i++) {
                    row[i] = 0.5 * row[i] * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (row[i] + 0.044715 * Math.pow(row[i], 3))));
                }
            }
            add(x, conv1d(inner, h + "mlp.c_proj"));
        }
        double[][] y = norm(x, "ln_f");
        double[][] logits = new double[text.length][wte.length / width];
        for (int t = 0; t < text.length; t++) {
            for (int v = 0; v < logits[t].length; v++) {
                for (int d = 0; d < width; d++) {
                    logits[t][v] += y[t][d] * wte[v * width + d];
                }
            }
        }
        return logits;
    }

    private double[] numbers(String name) {
        return tensors.get(name).toDoubles();
    }

    private static void add(double[][] x, double[][] y) {
        for (int t = 0; t < x.length; t++) {
            for (int d = 0; d < x[t].length; d++) {
                x[t][d] += y[t][d];
            }
        }
    }

    private double[][] norm(double[][] x, String name) {
        double[] gain = numbers(name + ".weight");
        double[] bias = numbers(name + ".bias");
        double[][] y = new double[x.length][width];
        for (int t = 0; t < x.length; t++) {
            double mean = 0;
            for (double v : x[t]) {
                mean += v / width;
            }
            double variance = 0;
            for (double v : x[t]) {
                variance += (v - mean) * (v - mean) / width;
            }
            for (int d = 0; d < width; d++) {
                y[t][d] = (x[t][d] - mean) / Math.sqrt(variance + 1e-5) * gain[d] + bias[d];
            }
        }
        return y;
    }

    private double[][] conv1d(double[][] x, String name) {
        double[] weight = numbers(name + ".weight");
        double[] bias = numbers(name + ".bias");
        double[][] y = new double[x.length][bias.length];
        for (int t = 0; t < x.length; t++) {
            for (int o = 0; o < bias.length; o++) {
                y[t][o] = bias[o];
                for (int i = 0; i < x[t].length; i++) {
                    y[t][o] += x[t][i] * weight[i * bias.length + o];
                }
            }
        }
        return y;
    }

    /** From rows of queries, keys and values side by side. */
    private double[][] attention(double[][] qkv) {
        int each = width / heads;
        double[][] y = new double[qkv.length][width];
        for (int h = 0; h < heads; h++) {
            for (int t = 0; t < qkv.length; t++) {
                double[] p = new double[t + 1];
                double sum = 0;
                for (int s = 0; s <= t; s++) {
                    double score = 0;
                    for (int d = h * each; d < (h + 1) * each; d++) {
                        score += qkv[t][d] * qkv[s][width + d];
                    }
                    p[s] = Math.exp(score / Math.sqrt(each));
                    sum += p[s];
                }
                for (int s = 0; s <= t; s++) {
                    for (int d = h * each; d < (h + 1) * each; d++) {
                        y[t][d] += p[s] / sum * qkv[s][2 * width + d];
                    }
                }
            }
        }
        return y;
    }
}
