package dev.kinema.embed;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.AveragePool3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.NormalizeFrames;
import dev.kinema.model.Slow;
import dev.kinema.model.SlowConfig;
import dev.kinema.nn.Pass;
import java.util.Optional;

/**
 * Runs a backbone on one tensor: for holding its numbers against other software's.
 *
 * @param pool the head's average pool, in place of the network's own
 * @param kernel of the head's average pool, with stride 1, in place of that of a clip of the network's own size
 */
public record TensorForward(BackboneWeights network, Node node, Optional<SlowConfig.Pool> pool, Optional<Extent> kernel) {
    /** What of the network is wanted. */
    public enum Node {
        /** The pooled feature at each position of the head's pool, [N, T', H', W', C]. */
        FEATURE,
        /** Class scores before softmax at each position, [N, T', H', W', classes]. */
        LOGITS,
        /** Softmax at each position, then the mean over positions, [N, classes]. */
        PROBABILITIES
    }

    public TensorForward {
        if (pool.isPresent() && pool.get() == SlowConfig.Pool.GLOBAL && kernel.isPresent()) {
            throw new KinemaException("a global pool has no kernel " + kernel.get() + ": pool over crops, or leave the kernel out");
        }
        if (node != Node.FEATURE && network.config().head().classes() == 0) {
            throw new KinemaException(network.source() + ": has no classifier (head.projection), so it has no logits: ask for the feature");
        }
    }

    /**
     * Computes the node.
     *
     * @param input floats [N, 3, T, H, W] (PyTorch's layout), normalised; or frames u8 [N, T, H, W, 3] or [T, H, W, 3], which are
     *     normalised by Kinetics' constants
     * @return float32, or float64 where the device computes in it
     * @throws KinemaException if the tensor has another type or shape, or is too small for the network
     */
    public HostArray run(Device device, Compilation how, HostArray input) {
        Graph graph = new Graph();
        HostArray clips = clips(input);
        Value x = graph.input("clips", clips.dtype() == DType.U8 ? DType.U8 : DType.F32, clips.shape());
        Value normalised = clips.dtype() == DType.U8 ? NormalizeFrames.of(x, NormalizeFrames.KINETICS) : x;
        graph.output("node", build(Pass.eval(graph), normalised));
        try (Weights weights = device.newWeights()) {
            network.copyTo(weights);
            weights.initialize(graph, 0);
            try (Program program = device.compile(graph, weights, how)) {
                program.input("clips").put(clips);
                program.run();
                return program.output("node").copy();
            }
        }
    }

    private Value build(Pass pass, Value clips) {
        SlowConfig.Head head = network.config().head();
        SlowConfig.Pool used = pool.orElse(head.pool());
        Slow slow = new Slow(network.config().withHead(new SlowConfig.Head(used, head.classes(), head.dropout())));
        Value map = slow.map(pass, clips);
        Value positions = kernel.isPresent() ? AveragePool3d.of(map, kernel.get(), Extent.ONE, Extent.ZERO) : slow.positions(map);
        return switch (node) {
            case FEATURE -> positions;
            case LOGITS -> slow.logits(pass, positions);
            case PROBABILITIES -> Slow.probabilities(slow.logits(pass, positions));
        };
    }

    /** The tensor with channels last. */
    private static HostArray clips(HostArray input) {
        Shape shape = input.shape();
        if (input.dtype() == DType.U8 && shape.rank() == 5 && shape.last() == 3) {
            return input;
        }
        if (input.dtype() == DType.U8 && shape.rank() == 4 && shape.last() == 3) {
            return input.reshape(Shape.of(1, shape.dim(0), shape.dim(1), shape.dim(2), 3));
        }
        if (!input.dtype().isFloating() || shape.rank() != 5 || shape.dim(1) != 3 || shape.elements() == 0) {
            throw new KinemaException("the input is " + input.type() + ", but a network takes floats [N, 3, T, H, W] or uint8 "
                + "[N, T, H, W, 3]: save it in one of these");
        }
        return channelsLast(input);
    }

    private static HostArray channelsLast(HostArray input) {
        Shape shape = input.shape();
        int positions = shape.dim(2) * shape.dim(3) * shape.dim(4);
        DType dtype = input.dtype() == DType.F64 ? DType.F64 : DType.F32;
        HostArray last = HostArray.allocate(dtype, Shape.of(shape.dim(0), shape.dim(2), shape.dim(3), shape.dim(4), 3));
        for (int n = 0; n < shape.dim(0); n++) {
            for (int c = 0; c < 3; c++) {
                int from = (n * 3 + c) * positions;
                for (int p = 0; p < positions; p++) {
                    last.set((n * positions + p) * 3 + c, input.get(from + p));
                }
            }
        }
        return last;
    }
}
