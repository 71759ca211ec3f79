package dev.kinema.finetune;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Scale;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.nn.Pass;
import dev.kinema.optim.Optimizer;
import dev.kinema.pretrain.GradientSum;
import dev.kinema.run.Metrics;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Supplier;

/**
 * One optimizer step of verbs: cross-entropy, mean over all events of a batch. A batch that comes in several parts is computed part after
 * part, and their gradients are summed; batch norm then sees each part alone, and its running statistics move once for each.
 */
final class VerbStep implements AutoCloseable {
    private static final String LABELS = "labels";
    private static final String LOGITS = "logits";

    private final int outputs;
    private final Program program;
    /** Null where a batch is one part. */
    private final GradientSum sum;
    /** What a run has given the device for the next one, while it is under way; null where nothing. */
    private Part next;
    /** What the program's next run has as inputs already; null where nothing. */
    private Part filled;

    /**
     * What is computed at once.
     *
     * @param pixels u8 [events, T, S, S, 3]
     * @param labels of the events, in their order
     */
    record Part(ByteBuffer pixels, int[] labels) {}

    /**
     * What a step gave.
     *
     * @param top1 share of the events whose verb has the highest score
     */
    record Result(double loss, double gradientNorm, double top1) {}

    /**
     * @param weights get what they lack, from the seed
     * @param events in a part
     * @param parts of a batch
     */
    VerbStep(Device device, Weights weights, Compilation compilation, VerbClassifier network, int events, int parts, Optimizer optimizer,
            long seed) {
        outputs = network.verbs();
        Graph graph = learning(network, events, parts, optimizer);
        weights.initialize(graph, seed);
        sum = parts == 1 ? null : new GradientSum(device, weights, compilation, optimizer, graph, seed);
        program = device.compile(graph, weights, compilation.withStaged(VerbClassifier.FRAMES, LABELS));
    }

    /** What is computed of a part: the loss, and the update of all variables, or of their gradients' sum where a batch has several. */
    static Graph learning(VerbClassifier network, int events, int parts, Optimizer optimizer) {
        Graph graph = new Graph();
        Value logits = network.logits(Pass.train(graph), events);
        Value loss = SoftmaxCrossEntropy.of(logits, graph.input(LABELS, DType.I32, Shape.of(events)));
        graph.output(Metrics.LOSS, loss);
        graph.output(LOGITS, logits);
        if (parts == 1) {
            optimizer.minimize(loss);
        } else {
            List<Value> parameters = graph.parameters();
            GradientSum.add(parameters, Gradients.of(Scale.of(loss, 1.0 / parts), parameters));
        }
        return graph;
    }

    /**
     * Makes a step; meanwhile the device is given the first part of the next one.
     *
     * @param following that part, which the next step is then to begin with; null where it is not there yet
     */
    Result run(List<Part> parts, double rate, Supplier<Part> following) {
        if (sum == null) {
            program.input(Optimizer.LEARNING_RATE).put((float) rate);
        }
        double loss = 0;
        int right = 0;
        int events = 0;
        for (int i = 0; i < parts.size(); i++) {
            int after = i + 1;
            run(parts.get(i), () -> after < parts.size() ? parts.get(after) : following.get());
            int[] wanted = parts.get(i).labels;
            loss += program.output(Metrics.LOSS).get(0) / parts.size();
            right += right(program.output(LOGITS).toFloats(), wanted);
            events += wanted.length;
        }
        double norm = sum == null ? program.output(Optimizer.GRADIENT_NORM).get(0) : sum.apply(rate);
        return new Result(loss, norm, (double) right / events);
    }

    private void run(Part part, Supplier<Part> following) {
        if (part != filled) {
            fill(part);
        }
        filled = null;
        program.run(() -> {
            next = following.get();
            if (next != null) {
                fill(next);
            }
            return next != null;
        });
        filled = next;
    }

    private void fill(Part part) {
        HostArray frames = program.input(VerbClassifier.FRAMES);
        frames.buffer().put(0, part.pixels, 0, frames.elements());
        HostArray labels = program.input(LABELS);
        for (int k = 0; k < part.labels.length; k++) {
            labels.set(k, (long) part.labels[k]);
        }
    }

    private int right(float[] logits, int[] wanted) {
        int right = 0;
        for (int k = 0; k < wanted.length; k++) {
            boolean highest = true;
            for (int c = 0; c < outputs && highest; c++) {
                highest = c == wanted[k] || logits[k * outputs + c] < logits[k * outputs + wanted[k]];
            }
            right += highest ? 1 : 0;
        }
        return right;
    }

    @Override
    public void close() {
        program.close();
        if (sum != null) {
            sum.close();
        }
    }
}
