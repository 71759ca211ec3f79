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
import java.util.Arrays;
import java.util.List;

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
     * Makes a step.
     *
     * @param pixels of each part, u8 [events, T, S, S, 3]
     * @param labels of each part's events, in their order
     */
    Result run(List<ByteBuffer> pixels, List<int[]> labels, double rate) {
        double[] losses = new double[pixels.size()];
        int[] right = new int[pixels.size()];
        if (sum == null) {
            program.input(Optimizer.LEARNING_RATE).put((float) rate);
        }
        program.runParts(pixels.size(), part -> fill(pixels.get(part), labels.get(part)), part -> {
            losses[part] = program.output(Metrics.LOSS).get(0) / pixels.size();
            right[part] = right(program.output(LOGITS).toFloats(), labels.get(part));
        });
        double norm = sum == null ? program.output(Optimizer.GRADIENT_NORM).get(0) : sum.apply(rate);
        int all = labels.stream().mapToInt(wanted -> wanted.length).sum();
        return new Result(Arrays.stream(losses).reduce(0, Double::sum), norm, (double) Arrays.stream(right).sum() / all);
    }

    private void fill(ByteBuffer pixels, int[] wanted) {
        HostArray frames = program.input(VerbClassifier.FRAMES);
        frames.buffer().put(0, pixels, 0, frames.elements());
        for (int k = 0; k < wanted.length; k++) {
            program.input(LABELS).set(k, (long) wanted[k]);
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
