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
    /** Windows in a run of a short film: weights are read from memory once for all of them. */
    private static final int FEW = 8;
    /** Events in a run of a long film, the whole of one of ten minutes with a clip every 2 s. */
    private static final int MANY_EVENTS = 320;

    private final ContextualizerConfig config;
    private final int window;
    private final Device device;
    private final Weights weights;
    private final int many;
    private final Program few;
    /** For long films; null before the first of them, as it has a copy of the weights of its own, prepared for its size. */
    private Program whole;

    EventContext(Device device, ContextualizerWeights network, OptionalInt window) {
        this.config = network.config();
        this.window = window.orElse(network.training().map(ContextualizerTraining::tokens).orElse(config.maxLength()));
        this.device = device;
        this.many = Math.max(FEW, MANY_EVENTS / this.window);
        this.weights = device.newWeights();
        boolean compiled = false;
        try {
            network.copyTo(weights);
            this.few = compile(FEW);
            compiled = true;
        } finally {
            if (!compiled) {
                weights.close();
            }
        }
    }

    private Program compile(int windows) {
        Graph graph = new Graph();
        Pass pass = Pass.eval(graph);
        Contextualizer network = new Contextualizer(config);
        Value features = graph.input("features", DType.F32, Shape.of(windows, window, config.inputWidth()));
        Value padding = graph.input("padding", DType.U8, Shape.of(windows, window));
        graph.output("events", network.encode(pass, network.tokens(pass, features), padding));
        return device.compile(graph, weights, Compilation.FP32);
    }

    int width() {
        return config.width();
    }

    int window() {
        return window;
    }

    /** Events [T, width] of features [T, inputWidth], F32. For one thread at a time. */
    HostArray events(HostArray features) {
        int count = features.shape().dim(0);
        HostArray events = HostArray.allocate(DType.F32, Shape.of(count, config.width()));
        int done = 0;
        while (done < count) {
            int windows = (count - done + window - 1) / window;
            // half a run or more of the larger kind costs no more than what it takes of the other
            boolean isLong = 2 * windows >= many;
            if (isLong && whole == null && many > FEW) {
                whole = compile(many);
            }
            int filled = Math.min((isLong ? many : FEW) * window, count - done);
            run(isLong && many > FEW ? whole : few, features, done, filled, events);
            done += filled;
        }
        return events;
    }

    private void run(Program program, HostArray features, int from, int count, HostArray events) {
        HostArray input = program.input("features");
        copy(features, from * config.inputWidth(), count * config.inputWidth(), input, 0);
        HostArray padding = program.input("padding");
        int places = padding.elements();
        zero(input, count * config.inputWidth(), places * config.inputWidth());
        for (int i = 0; i < places; i++) {
            padding.set(i, (long) (i < count ? 0 : 1));
        }
        program.run();
        copy(program.output("events"), 0, count * config.width(), events, from * config.width());
    }

    private static void zero(HostArray array, int from, int to) {
        int size = array.dtype().bytes();
        array.buffer().put(from * size, new byte[(to - from) * size]);
    }

    private static void copy(HostArray from, int start, int count, HostArray to, int at) {
        if (from.dtype() != to.dtype()) {
            // the reference device computes in doubles
            for (int i = 0; i < count; i++) {
                to.set(at + i, from.get(start + i));
            }
            return;
        }
        int size = to.dtype().bytes();
        to.buffer().put(at * size, from.buffer(), start * size, count * size);
    }

    @Override
    public void close() {
        if (whole != null) {
            whole.close();
        }
        few.close();
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
