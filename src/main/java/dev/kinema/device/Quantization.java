package dev.kinema.device;

import dev.kinema.KinemaException;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Node;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.FoldBatchNorm;
import dev.kinema.graph.op.FusedConv3d;
import dev.kinema.graph.op.MaxPool3d;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Variable;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Which convolutions compute in 8-bit integers: those whose input is never negative, so that all 256 levels of an unsigned byte are of use
 * with 0 as 0, and those of normalised pictures, which had but 256 levels before: they become signed bytes. In a residual network these are
 * all. Sums of residual branches stay in finer numbers, and so does what comes after the last convolution.
 */
public final class Quantization {
    /** Levels of an activation above 0. */
    public static final int LEVELS = 255;
    /** Levels of a weight, and of a picture's numbers, on either side of 0. */
    public static final int SIGNED_LEVELS = 127;

    private Quantization() {}

    /** Name of the weight of a convolution that computes in 8-bit integers; empty for other nodes. */
    public static Optional<String> weight(Node node) {
        if (!(node.op() instanceof Conv3d) && !(node.op() instanceof FusedConv3d)
                || !isPicture(node.input(0)) && !isNonNegative(node.input(0))) {
            return Optional.empty();
        }
        Node weight = node.input(1).node();
        Node origin = weight.op() instanceof FoldBatchNorm ? weight.input(0).node() : weight;
        return origin.op() instanceof Variable variable ? Optional.of(variable.name()) : Optional.empty();
    }

    /** Whether these are normalised pictures. */
    public static boolean isPicture(Value value) {
        return value.node().op() instanceof NormalizeFrames;
    }

    /** What a step of a convolution's input is worth. */
    public static double step(Node convolution, ActivationRanges ranges) {
        Value input = convolution.input(0);
        if (!isPicture(input)) {
            return ranges.of(weight(convolution).orElseThrow()) / LEVELS;
        }
        NormalizeFrames frames = (NormalizeFrames) input.node().op();
        double largest = 0;
        for (int c = 0; c < input.shape().last(); c++) {
            largest = Math.max(largest, Math.max(Math.abs(frames.level(0, c)), Math.abs(frames.level(255, c))));
        }
        return largest / SIGNED_LEVELS;
    }

    /** The inputs whose {@linkplain ActivationRanges ranges} matter, by the names of weights, in order of building. */
    public static Map<String, Value> inputs(Graph graph) {
        Map<String, Value> inputs = new LinkedHashMap<>();
        for (Node node : Schedule.of(graph).nodes()) {
            if (!node.inputs().isEmpty() && !isPicture(node.input(0))) {
                weight(node).ifPresent(name -> inputs.put(name, node.input(0)));
            }
        }
        return inputs;
    }

    /**
     * What several convolutions read is made bytes of once.
     *
     * @throws KinemaException if their ranges differ
     */
    public static void requireOneRangePerInput(Graph graph, ActivationRanges ranges) {
        Map<Value, String> first = new HashMap<>();
        inputs(graph).forEach((name, input) -> {
            String other = first.putIfAbsent(input, name);
            if (other != null && !Objects.equals(ranges.greatest().get(other), ranges.greatest().get(name))) {
                throw new KinemaException("the inputs of " + other + " go up to " + ranges.greatest().get(other) + " and those of " + name
                    + " to " + ranges.greatest().get(name) + ", but they are the same: calibrate again");
            }
        });
    }

    private static boolean isNonNegative(Value value) {
        Node node = value.node();
        if (node.op() instanceof MaxPool3d || node.op() instanceof AveragePool3d) {
            return value.index() == 0 && isNonNegative(node.input(0));
        }
        return node.op() instanceof Relu || node.op() instanceof FusedConv3d conv && conv.relu();
    }
}
