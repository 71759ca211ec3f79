package dev.kinema.device;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Conv3d;
import dev.kinema.graph.op.Extent;
import dev.kinema.graph.op.Linear;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Scale;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;

/**
 * What a device reaches at its best (Williams et al., Communications of the ACM 52(4), 2009): a large matrix product is bound by
 * arithmetic, a copy by memory. Both are measured, as the machine is now, and are no hard limits: another kernel may do better, and what
 * lies in a cache does.
 *
 * <p>In 8-bit integers, in which convolutions alone compute, the product is a convolution of 1x1x1: a row of it is a pixel.
 *
 * @param flopsPerSecond of a matrix product, a multiply-add counted as two
 * @param bytesPerSecond of a copy, read and written bytes together
 */
public record Roofline(double flopsPerSecond, double bytesPerSecond) {
    /** Where one run takes as long, larger sizes would only take longer: the device is a slow one. */
    private static final double ENOUGH_SECONDS = 0.05;
    /** The fastest counts: on a machine that does other things, too, most are disturbed. */
    private static final int TRIES = 10;
    private static final int SMALLEST_SIDE = 128;
    private static final int LARGEST_SIDE = 1024;
    /** Divides every side. */
    private static final int PICTURE_WIDTH = 32;
    private static final String WEIGHT = "weight";
    private static final int SMALLEST_COPY = 1 << 18;
    /** Floats; twice 64 MiB are beyond most caches. */
    private static final int LARGEST_COPY = 1 << 24;

    /**
     * Measures it, in about a second on the cpu device.
     *
     * @throws dev.kinema.KinemaException if the device does not time the steps of its programs
     */
    public static Roofline measure(Device device, Compilation how) {
        return new Roofline(product(device, how), copy(device, how));
    }

    /** The least time for so much work: that of the slower of both, as they overlap. */
    public double seconds(long flops, long bytes) {
        return Math.max(flops / flopsPerSecond, bytes / bytesPerSecond);
    }

    /** The best of products of growing size, whose weights are packed beforehand. */
    private static double product(Device device, Compilation how) {
        boolean bytes = how.precision() == Precision.INT8;
        Compilation compilation = bytes ? Compilation.int8(new ActivationRanges(Map.of(WEIGHT, 1.0))) : how;
        double best = 0;
        double seconds = 0;
        for (int side = SMALLEST_SIDE; side <= LARGEST_SIDE && seconds < ENOUGH_SECONDS; side *= 2) {
            seconds = fastest(device, compilation, bytes ? pixels(side) : square(side));
            best = Math.max(best, 2.0 * side * side * side / seconds);
        }
        return best;
    }

    /** A linear layer of as many rows as it has inputs and outputs. */
    private static Graph square(int side) {
        Graph graph = new Graph();
        Value weight = graph.parameter(WEIGHT, Shape.of(side, side), Initializer.ONES);
        Value x = graph.input("x", DType.F32, Shape.of(side, side));
        graph.output("y", graph.append(new Linear(false, Linear.Activation.NONE), List.of(x, weight)).output(0));
        return graph;
    }

    /** The same as a convolution, after a ReLU, without which its input would be no unsigned bytes. */
    private static Graph pixels(int side) {
        Graph graph = new Graph();
        Value weight = graph.parameter(WEIGHT, Shape.of(side, side, 1, 1, 1), Initializer.ONES);
        Value x = graph.input("x", DType.F32, Shape.of(1, 1, side / PICTURE_WIDTH, PICTURE_WIDTH, side));
        graph.output("y", Conv3d.of(Relu.of(x), weight, Extent.ONE, Extent.ZERO));
        return graph;
    }

    /** The largest copy: smaller ones stay in a cache. */
    private static double copy(Device device, Compilation how) {
        double rate = 0;
        double seconds = 0;
        for (int size = SMALLEST_COPY; size <= LARGEST_COPY && seconds < ENOUGH_SECONDS; size *= 4) {
            Graph graph = new Graph();
            graph.output("y", Scale.of(graph.input("x", DType.F32, Shape.of(size)), 2));
            seconds = fastest(device, how, graph);
            rate = 2.0 * size * DType.F32.bytes() / seconds;
        }
        return rate;
    }

    /** Seconds of the slowest step, which is the one in question, in the fastest of some runs. */
    private static double fastest(Device device, Compilation how, Graph graph) {
        try (Weights weights = device.newWeights()) {
            weights.initialize(graph, 1);
            try (Program program = device.compile(graph, weights, how)) {
                List<ProgramStep> steps = program.steps();
                fill(program.input("x"));
                StepClock clock = new StepClock(steps.size());
                long least = Long.MAX_VALUE;
                program.run();
                for (int i = 0; i < TRIES; i++) {
                    program.run(clock);
                    long slowest = 1;
                    for (int s = 0; s < clock.steps(); s++) {
                        // the ReLU before a product of bytes is memory's
                        boolean beside = steps.get(s).reorder() || steps.get(s).node().op() instanceof Relu;
                        slowest = Math.max(slowest, beside ? 0 : clock.nanos(s));
                    }
                    least = Math.min(least, slowest);
                }
                return least / 1e9;
            }
        }
    }

    /** Ones: processors may have a way of their own with zeros. */
    private static void fill(HostArray x) {
        x.set(0, 1.0);
        ByteBuffer from = x.buffer();
        ByteBuffer to = x.buffer();
        for (int done = x.dtype().bytes(); done < to.capacity(); done *= 2) {
            to.put(done, from, 0, Math.min(done, to.capacity() - done));
        }
    }
}
