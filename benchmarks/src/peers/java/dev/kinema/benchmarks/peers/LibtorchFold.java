package dev.kinema.benchmarks.peers;

import dev.kinema.device.HostArray;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Conv3d;
import java.util.HashMap;
import java.util.Map;

/**
 * A convolution that a batch norm follows, as one with a bias: w' = w g / sqrt(v + e), b' = b - m g / sqrt(v + e).
 *
 * @param norm whose output the convolution then gives
 * @param weight as the convolution's
 * @param bias one per channel
 */
record LibtorchFold(Node norm, float[] weight, float[] bias) {

    /** By convolution. */
    static Map<Node, LibtorchFold> of(Graph graph, Map<String, HostArray> variables) {
        Map<Node, LibtorchFold> folds = new HashMap<>();
        for (Node node : graph.nodes()) {
            if (node.op() instanceof BatchNormInference norm && node.input(0).node().op() instanceof Conv3d) {
                Node convolution = node.input(0).node();
                folds.put(convolution, folded(node, norm.epsilon(), convolution, variables));
            }
        }
        return folds;
    }

    private static LibtorchFold folded(Node norm, double epsilon, Node convolution, Map<String, HostArray> variables) {
        float[] weight = numbers(convolution.input(1), variables).clone();
        float[] gamma = numbers(norm.input(1), variables);
        float[] beta = numbers(norm.input(2), variables);
        float[] mean = numbers(norm.input(3), variables);
        float[] variance = numbers(norm.input(4), variables);
        float[] bias = new float[gamma.length];
        int filter = weight.length / gamma.length;
        for (int o = 0; o < gamma.length; o++) {
            double scale = gamma[o] / Math.sqrt(variance[o] + epsilon);
            bias[o] = (float) (beta[o] - mean[o] * scale);
            for (int i = o * filter; i < (o + 1) * filter; i++) {
                weight[i] = (float) (weight[i] * scale);
            }
        }
        return new LibtorchFold(norm, weight, bias);
    }

    private static float[] numbers(Value variable, Map<String, HostArray> variables) {
        return variables.get(Graph.variableOf(variable)).toFloats();
    }
}
