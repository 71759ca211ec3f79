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
import dev.kinema.model.Contextualizer;
import dev.kinema.model.ContextualizerConfig;
import dev.kinema.nn.Pass;
import java.nio.ByteBuffer;
import java.util.OptionalInt;

/**
 * Puts the features of a film into context, window by window: events 0 to N-1 see each other, then N to 2N-1, and so on; places of the last
 * window beyond the film are masked as keys.
 */
final class EventContext implements AutoCloseable {
    /** Windows per run: weights are read from memory once for all of them. */
    private static final int WINDOWS = 8;

    private final ContextualizerConfig config;
    private final int window;
    private final Weights weights;
    private final Program program;

    EventContext(Device device, ContextualizerWeights network, OptionalInt window) {
        this.config = network.config();
        this.window = window.orElse(network.training().map(ContextualizerTraining::tokens).orElse(config.maxLength()));
        this.weights = device.newWeights();
        boolean compiled = false;
        try {
            network.copyTo(weights);
            this.program = device.compile(graph(), weights, Compilation.FP32);
            compiled = true;
        } finally {
            if (!compiled) {
                weights.close();
            }
        }
    }

    private Graph graph() {
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        Contextualizer network = new Contextualizer(config);
        Value features = graph.input("features", DType.F32, Shape.of(WINDOWS, window, config.inputWidth()));
        Value padding = graph.input("padding", DType.U8, Shape.of(WINDOWS, window));
        graph.output("events", network.encode(pass, network.tokens(pass, features), padding));
        return graph;
    }

    int width() {
        return config.width();
    }

    int window() {
        return window;
    }

    /** Events [T, width] of features [T, inputWidth]. */
    HostArray events(HostArray features) {
        int count = features.shape().dim(0);
        HostArray events = HostArray.allocate(DType.F32, Shape.of(count, config.width()));
        HostArray input = program.input("features");
        HostArray padding = program.input("padding");
        int perRun = WINDOWS * window;
        for (int done = 0; done < count; done += perRun) {
            int filled = Math.min(perRun, count - done);
            for (int i = 0; i < perRun; i++) {
                padding.set(i, (long) (i < filled ? 0 : 1));
            }
            for (int i = 0; i < perRun * config.inputWidth(); i++) {
                input.set(i, i < filled * config.inputWidth() ? features.get(done * config.inputWidth() + i) : 0.0);
            }
            program.run();
            copy(program.output("events"), filled * config.width(), events, done * config.width());
        }
        return events;
    }

    private static void copy(HostArray from, int count, HostArray to, int at) {
        if (from.dtype() != to.dtype()) {
            for (int i = 0; i < count; i++) {
                to.set(at + i, from.get(i));
            }
            return;
        }
        int size = to.dtype().bytes();
        ByteBuffer source = from.buffer();
        to.buffer().put(at * size, source, 0, count * size);
    }

    @Override
    public void close() {
        program.close();
        weights.close();
    }

    /** Refuses a contextualizer that cannot read a backbone's features. */
    static void checkFits(ContextualizerWeights network, BackboneWeights backbone) {
        int width = backbone.config().featureWidth();
        if (network.config().inputWidth() != width) {
            throw new KinemaException("the contextualizer " + network.source() + " reads features of width " + network.config().inputWidth()
                + ", but " + backbone.source() + " makes features of width " + width + ": name weights that were trained together");
        }
    }
}
