package dev.kinema.pretrain;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Node;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Add;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.InfoNce;
import dev.kinema.graph.op.L2Normalize;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Reduce;
import dev.kinema.graph.op.Reshape;
import dev.kinema.graph.op.RingEnqueue;
import dev.kinema.graph.op.Scale;
import dev.kinema.model.Contextualizer;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;
import java.util.Map;

/**
 * Event mask prediction (paper, section 3.3, eq. 1): some of a sequence's events are replaced by a learned [MASK] token, and the
 * contextualizer's output there is to be more like the event that was hidden than like events of other sequences.
 *
 * <p>Inputs: {@code features} [B, N, C]; {@code mask} uint8 [B, N]; {@code targets} int32 [R], places in B * N of the hidden events, filled up
 * with 0; {@code count} int32 [1], how many there are; with the L2 loss {@code row_weights} [R], 1 / count for those and 0 for the others; and
 * where films' own keys are left out {@code owners} int32 [R], the films of the hidden events, or {@code all_owners} int32 [B * N], those of all.
 *
 * @param batch B
 * @param tokens N
 * @param rows R
 */
record MaskPrediction(Contextualizer network, MaskPredictionConfig.ObjectiveSettings settings, int batch, int tokens, int rows) {
    static final String NETWORK = "contextualizer";
    static final String COPY = "contextualizer_hist";
    static final String FEATURES = "features";
    static final String MASK = "mask";
    static final String TARGETS = "targets";
    static final String COUNT = "count";
    static final String OWNERS = "owners";
    static final String ALL_OWNERS = "all_owners";
    static final String ROW_WEIGHTS = "row_weights";

    /**
     * What the graph gives.
     *
     * @param loss []
     * @param predictions unit rows [R, D] at the hidden places
     * @param keys unit rows [R, D] of what was hidden
     * @param ranks int32 [R], how many of the queue are more alike than what was hidden; null without a queue
     */
    record Outputs(Value loss, Value predictions, Value keys, Value ranks) {}

    /** Length D of predictions and keys. */
    int width() {
        return settings.target() == MaskPredictionConfig.Target.RAW ? network.config().inputWidth() : network.config().width();
    }

    /** Whether the queue is needed. */
    private boolean contrasts() {
        return settings.loss() == MaskPredictionConfig.LossName.INFONCE;
    }

    /**
     * Predictions and truths, before they are compared.
     *
     * @param predictions unit rows [R, D] at the hidden places
     * @param keys unit rows [R, D] of what was hidden
     * @param all unit rows [B * N, D] of all events
     */
    record Pairs(Value predictions, Value keys, Value all) {}

    /** The whole step: forward, loss, enqueuing, backward, updates; the copy follows. What the weights lack is drawn from {@code seed}. */
    Program compile(Device device, Compilation how, Weights weights, Optimizer optimizer, long seed) {
        Graph graph = new Graph();
        Outputs outputs = append(graph);
        graph.output(BackboneStep.LOSS, outputs.loss());
        graph.output(BackboneStep.ROWS, outputs.predictions());
        if (outputs.ranks() != null) {
            graph.output(BackboneStep.RANKS, outputs.ranks());
        }
        Optimizer.Step step = optimizer.minimize(outputs.loss());
        Map<String, String> followers = settings.target() == MaskPredictionConfig.Target.PROJECTED
            ? MovingAverage.follow(graph, NETWORK + ".", COPY + ".", step) : Map.of();
        weights.initialize(graph, seed);
        followers.forEach((copy, source) -> weights.put(copy, weights.get(source)));
        return device.compile(graph, weights, how);
    }

    /** Appends the whole forward pass, and the enqueuing. */
    Outputs append(Graph graph) {
        Pairs pairs = pairs(Pass.train(graph));
        return contrasts() ? contrast(graph, pairs) : distance(graph, pairs);
    }

    /** Appends the networks alone, in the mode of {@code root}. */
    Pairs pairs(Pass root) {
        Graph graph = root.graph();
        Value features = graph.input(FEATURES, DType.F32, Shape.of(batch, tokens, network.config().inputWidth()));
        Value mask = graph.input(MASK, DType.U8, Shape.of(batch, tokens));
        Value targets = graph.input(TARGETS, DType.I32, Shape.of(rows));
        Pass pass = root.at(NETWORK);
        Value hidden = network.masked(pass, network.tokens(pass, features), mask);
        Value context = network.encode(pass, hidden, null);
        Value predictions = L2Normalize.of(predicted(pass, Gather.of(flat(context), targets, 0)));
        Value all = L2Normalize.of(flat(truth(root, features)));
        return new Pairs(predictions, Gather.of(all, targets, 0), all);
    }

    private Value flat(Value x) {
        return Reshape.of(x, Shape.of(batch * tokens, x.shape().last()));
    }

    private Value predicted(Pass pass, Value context) {
        return settings.target() == MaskPredictionConfig.Target.RAW
            ? Linear.of(network.config().width(), network.config().inputWidth()).apply(pass.at("output_projection"), context) : context;
    }

    /** What is to be predicted, for all events [B, N, D]: no gradient flows here. */
    private Value truth(Pass root, Value features) {
        return settings.target() == MaskPredictionConfig.Target.RAW ? features
            : network.tokens(root.at(COPY).frozen(), features);
    }

    private Outputs contrast(Graph graph, Pairs pairs) {
        Value predictions = pairs.predictions;
        Value keys = pairs.keys;
        int capacity = settings.queue();
        Value count = graph.input(COUNT, DType.I32, Shape.of(1));
        Value queue = QueueContrast.queue(graph, capacity, width());
        Value pointer = graph.state(QueueContrast.POINTER, DType.I64, Shape.of(1), Initializer.ZEROS);
        boolean targetsOnly = settings.enqueued() == MaskPredictionConfig.Enqueued.TARGETS;
        Node loss;
        if (settings.excludeSameFilm()) {
            Value owners = graph.input(OWNERS, DType.I32, Shape.of(rows));
            Value queueOwners = graph.state("queue_owners", DType.I32, Shape.of(capacity), new Initializer.Constant(-1));
            Value ownersPointer = graph.state("queue_owners_ptr", DType.I64, Shape.of(1), Initializer.ZEROS);
            loss = InfoNce.ofUnitLength(predictions, keys, queue, settings.temperature(), count, owners, queueOwners);
            if (targetsOnly) {
                RingEnqueue.of(queueOwners, ownersPointer, owners, count);
            } else {
                RingEnqueue.of(queueOwners, ownersPointer, graph.input(ALL_OWNERS, DType.I32, Shape.of(batch * tokens)));
            }
        } else {
            loss = InfoNce.ofUnitLength(predictions, keys, queue, settings.temperature(), count, null, null);
        }
        if (targetsOnly) {
            RingEnqueue.of(queue, pointer, keys, count);
        } else {
            RingEnqueue.of(queue, pointer, pairs.all);
        }
        return new Outputs(loss.output(0), predictions, keys, loss.output(2));
    }

    /** Mean over the hidden events of the squared distance. */
    private Outputs distance(Graph graph, Pairs pairs) {
        Value difference = Add.of(pairs.predictions, Scale.of(pairs.keys, -1));
        Value squares = Reduce.sum(Mul.of(difference, difference), 1);
        Value weights = graph.input(ROW_WEIGHTS, DType.F32, Shape.of(rows));
        return new Outputs(Reduce.sum(Mul.of(squares, weights), 0), pairs.predictions, pairs.keys, null);
    }
}
