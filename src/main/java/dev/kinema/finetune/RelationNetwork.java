package dev.kinema.finetune;

import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.HostArray;
import dev.kinema.device.Program;
import dev.kinema.device.Weights;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Concat;
import dev.kinema.graph.op.Gather;
import dev.kinema.graph.op.Relu;
import dev.kinema.graph.op.Softmax;
import dev.kinema.graph.op.SoftmaxCrossEntropy;
import dev.kinema.nn.Linear;
import dev.kinema.nn.Pass;
import dev.kinema.run.Metrics;
import dev.kinema.task.vidsitu.Annotation;
import dev.kinema.task.vidsitu.Clip;
import dev.kinema.task.vidsitu.Relation;
import dev.kinema.task.vidsitu.RelationPrediction;
import dev.kinema.task.vidsitu.Situation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * Event relations (paper, section 4; VidSitu's toolkit, vidsitu_code/mdl_evrel.py): both events of a pair, the earlier one first, to one of
 * the relations. It sees pictures only, so that it says the same whatever annotator's verbs and roles go with them.
 */
final class RelationNetwork implements TaskNetwork<RelationPrediction> {
    private static final String LABELS = "labels";
    private static final String PAIRS_EARLIER = "earlier";
    private static final String PAIRS_LATER = "later";
    private static final String PROBABILITIES = "probabilities";
    private static final int PAIRS = Relation.RELATED.size();

    private final RelationsConfig config;
    private final SeenEvents seen;
    private final List<Situation> clips;
    private final ClipOrder order;
    private final Weights weights;
    private final OneProgramStep training;
    private final Program prediction;

    /**
     * @param clips to learn from, with an annotation each
     * @param start variables by their names, as far as they are not drawn from the seed
     */
    RelationNetwork(Device device, Compilation compilation, RelationsConfig config, SeenEvents seen, List<Situation> clips,
            Map<String, HostArray> start, long seed) {
        this.config = config;
        this.seen = seen;
        this.clips = List.copyOf(clips);
        order = new ClipOrder(clips.size(), config.tuning().batch(), seed);
        weights = device.newWeights();
        boolean built = false;
        try {
            start.forEach(weights::put);
            Graph learning = learning(config, seen);
            weights.initialize(learning, seed);
            training = new OneProgramStep(device.compile(learning, weights, compilation));
            Graph asked = new Graph();
            asked.output(PROBABILITIES, Softmax.of(logits(Pass.eval(asked), config, seen)));
            prediction = device.compile(asked, weights, compilation);
            List.of(training.program(), prediction).forEach(this::pair);
            built = true;
        } finally {
            if (!built) {
                weights.close();
            }
        }
    }

    /** What a step computes: cross-entropy, mean over all pairs of a batch, and the update of all variables. */
    static Graph learning(RelationsConfig config, SeenEvents seen) {
        Graph graph = new Graph();
        Value logits = logits(Pass.train(graph), config, seen);
        Value labels = graph.input(LABELS, DType.I32, Shape.of(config.tuning().batch() * PAIRS));
        Value loss = SoftmaxCrossEntropy.of(logits, labels);
        graph.output(Metrics.LOSS, loss);
        config.tuning().optimizer().optimizer().minimize(loss);
        return graph;
    }

    /** Scores of the relations [B * 4, outputs], of a clip's pairs one after another. */
    private static Value logits(Pass pass, RelationsConfig config, SeenEvents seen) {
        Graph graph = pass.graph();
        int batch = config.tuning().batch();
        int width = seen.encoder().outputWidth();
        Value events = seen.vectors(pass, batch);
        Pass head = pass.at("relation");
        if (config.fusedWidth() > 0) {
            Value inner = Relu.of(Linear.of(width, config.fusedWidth()).apply(head.at("event.0"), events));
            width = config.fusedWidth();
            events = Linear.of(width, width).apply(head.at("event.2"), inner);
        }
        Value earlier = graph.input(PAIRS_EARLIER, DType.I32, Shape.of(batch * PAIRS));
        Value later = graph.input(PAIRS_LATER, DType.I32, Shape.of(batch * PAIRS));
        Value x = Concat.of(1, Gather.of(events, earlier, 0), Gather.of(events, later, 0));
        if (config.hidden() > 0) {
            x = Relu.of(Linear.of(2 * width, config.hidden()).apply(head.at("0"), x));
        }
        Linear last = new Linear(x.shape().last(), config.outputs(), true, Initializer.ZEROS, Initializer.ZEROS);
        return last.apply(head.at("2"), x);
    }

    /** Which events the pairs are of: the same in all batches. */
    private void pair(Program program) {
        for (int b = 0; b < config.tuning().batch(); b++) {
            for (int p = 0; p < PAIRS; p++) {
                program.input(PAIRS_EARLIER).set(b * PAIRS + p, (long) b * Clip.EVENTS + Relation.EARLIER.get(p));
                program.input(PAIRS_LATER).set(b * PAIRS + p, (long) b * Clip.EVENTS + Relation.LATER.get(p));
            }
        }
    }

    /** How many outputs stand before the first relation's. */
    private int first() {
        return config.outputs() == Relation.OUTPUTS ? 1 : 0;
    }

    @Override
    public Weights weights() {
        return weights;
    }

    @Override
    public long stepsPerEpoch() {
        return order.stepsPerEpoch();
    }

    @Override
    public Map<String, Double> train(long step, double rate) {
        int[] batch = order.of(step);
        List<Situation> learned = Arrays.stream(batch).mapToObj(clips::get).toList();
        seen.put(training.program(), learned);
        for (int b = 0; b < batch.length; b++) {
            Annotation annotation = learned.get(b).annotations().get(0);
            for (int p = 0; p < PAIRS; p++) {
                Relation relation = annotation.events().get(Relation.RELATED.get(p)).relation().orElseThrow();
                training.program().input(LABELS).set(b * PAIRS + p, (long) relation.ordinal() + first());
            }
        }
        return training.run(rate);
    }

    @Override
    public boolean isBetweenSteps() {
        return training.isWhole();
    }

    @Override
    public List<RelationPrediction> predict(List<Situation> situations) {
        int batch = config.tuning().batch();
        List<RelationPrediction> predictions = new ArrayList<>();
        for (int from = 0; from < situations.size(); from += batch) {
            List<Situation> part = situations.subList(from, Math.min(from + batch, situations.size()));
            seen.put(prediction, part);
            prediction.run();
            for (int b = 0; b < part.size(); b++) {
                predictions.add(prediction(part.get(b).index(), prediction.output(PROBABILITIES), b * PAIRS));
            }
        }
        return predictions;
    }

    private RelationPrediction prediction(int index, HostArray probabilities, int row) {
        List<List<String>> labels = new ArrayList<>();
        List<List<Double>> scores = new ArrayList<>();
        for (int p = 0; p < PAIRS; p++) {
            int best = 0;
            for (int k = 1; k < config.outputs(); k++) {
                if (probabilities.get((row + p) * config.outputs() + k) > probabilities.get((row + p) * config.outputs() + best)) {
                    best = k;
                }
            }
            String label = best < first() ? RelationPrediction.NONE : Relation.values()[best - first()].label();
            labels.add(Collections.nCopies(RelationPrediction.VOTES, label));
            scores.add(Collections.nCopies(RelationPrediction.VOTES, probabilities.get((row + p) * config.outputs() + best)));
        }
        return new RelationPrediction(index, labels, scores);
    }

    @Override
    public void close() {
        training.close();
        prediction.close();
        weights.close();
    }
}
