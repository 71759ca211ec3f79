package dev.kinema.nn;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.BatchNormInference;
import dev.kinema.graph.op.Scale;
import java.util.List;

/**
 * Batch norm over all axes but the last (Ioffe and Szegedy, arXiv:1502.03167), with PyTorch's conventions: in training it normalises with
 * the biased variance of the batch and averages the unbiased one into the running variance.
 *
 * <p>Variables {@code weight}, {@code bias}, {@code running_mean}, {@code running_var} [C] and {@code num_batches_tracked} int64 [].
 *
 * @param momentum share of the batch in the new running statistics (Caffe2 and TensorFlow give the share of the old ones)
 * @param gamma where {@code weight} starts
 */
public record BatchNorm(double epsilon, double momentum, Initializer gamma) {
    /** PyTorch's and PySlowFast's constants. */
    public static final BatchNorm DEFAULT = new BatchNorm(1e-5, 0.1, Initializer.ONES);

    /** The same with {@code weight} starting at 0, so that a residual block starts as the identity (Goyal et al., arXiv:1706.02677). */
    public BatchNorm zeroed() {
        return new BatchNorm(epsilon, momentum, Initializer.ZEROS);
    }

    /** @throws KinemaException in training, if each channel has one value only: its variance is unknown */
    public Value apply(Pass pass, Value x) {
        Graph graph = pass.graph();
        Shape channels = Shape.of(x.shape().last());
        Value weight = pass.parameter("weight", channels, gamma);
        Value bias = pass.parameter("bias", channels, Initializer.ZEROS);
        Value mean = pass.state("running_mean", DType.F32, channels, Initializer.ZEROS);
        Value variance = pass.state("running_var", DType.F32, channels, Initializer.ONES);
        Value batches = pass.state("num_batches_tracked", DType.I64, Shape.SCALAR, Initializer.ZEROS);
        if (!pass.training()) {
            return graph.add(new BatchNormInference(epsilon), x, weight, bias, mean, variance);
        }
        long n = x.shape().rows();
        if (n < 2) {
            throw new KinemaException("batch norm '" + pass.name("weight") + "' cannot train on " + x.type()
                + ", one value per channel: give it a larger batch, or build the network in EVAL mode");
        }
        Node node = graph.append(new dev.kinema.graph.op.BatchNorm(epsilon), List.of(x, weight, bias));
        pass.average(mean, node.output(1), 1 - momentum);
        pass.average(variance, Scale.of(node.output(2), (double) n / (n - 1)), 1 - momentum);
        pass.increment(batches);
        return node.output(0);
    }
}
