package dev.kinema.optim;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Gradients;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.ClipFactor;
import dev.kinema.graph.op.GlobalNorm;
import dev.kinema.graph.op.Increment;
import dev.kinema.graph.op.Mul;
import dev.kinema.graph.op.Scale;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A rule, with what differs among parameters; {@link #minimize} makes a graph a training step. Its learning rate is the graph's input
 * {@value #LEARNING_RATE} [], its state {@code optimizer.step} int64 [1] and {@code optimizer.PARAMETER.BUFFER}, its output
 * {@value #GRADIENT_NORM} [] the norm of the whole gradient before clipping.
 *
 * @param groups the first one that includes a parameter holds
 * @param rest for parameters that no group includes
 * @param clip largest norm of the whole gradient, above which it is scaled down; infinity for none
 */
public record Optimizer(Rule rule, List<ParameterGroup> groups, ParameterGroup rest, double clip) {
    public static final String LEARNING_RATE = "learning_rate";
    public static final String GRADIENT_NORM = "gradient_norm";
    /** What the names of all of an optimizer's state begin with. */
    public static final String PREFIX = "optimizer.";

    public Optimizer {
        groups = List.copyOf(groups);
        if (!(clip > 0)) {
            throw new KinemaException("a gradient cannot be clipped to a norm of " + clip + ": give a positive one, or infinity for none");
        }
    }

    /** Every parameter alike, without clipping; layer-wise scaling, if the rule has it, applies to all. */
    public static Optimizer of(Rule rule, double weightDecay) {
        return new Optimizer(rule, List.of(), new ParameterGroup(Selection.ALL, weightDecay, true, 1), Double.POSITIVE_INFINITY);
    }

    /** The same with other rules for some parameters that no earlier group includes. */
    public Optimizer withGroup(ParameterGroup group) {
        List<ParameterGroup> more = new ArrayList<>(groups);
        more.add(group);
        return new Optimizer(rule, more, rest, clip);
    }

    public Optimizer withClip(double limit) {
        return new Optimizer(rule, groups, rest, limit);
    }

    /**
     * What a step did.
     *
     * @param updated new versions of the parameters by name
     * @param gradientNorm before clipping, []
     * @param step int64 [1], how many steps were made, this one included
     */
    public record Step(Map<String, Value> updated, Value gradientNorm, Value step) {}

    /** Appends one step for all trained parameters of the loss's graph. */
    public Step minimize(Value loss) {
        return minimize(loss, loss.graph().parameters());
    }

    /** Appends one step for the given parameters: derivatives, clipping, updates. */
    public Step minimize(Value loss, List<Value> parameters) {
        return apply(parameters, Gradients.of(loss, parameters));
    }

    /** Appends one step along given gradients, in the order of the parameters. */
    public Step apply(List<Value> parameters, List<Value> gradients) {
        if (parameters.isEmpty()) {
            throw new KinemaException("there is nothing to train: the graph has no parameters, or all were declared frozen");
        }
        Graph graph = parameters.get(0).graph();
        try (Graph.Scope scope = graph.scope("optimizer")) {
            Value norm = GlobalNorm.of(gradients);
            graph.output(GRADIENT_NORM, norm);
            Value factor = Double.isInfinite(clip) ? null : ClipFactor.of(norm, clip);
            Value rate = graph.input(LEARNING_RATE, DType.F32, Shape.SCALAR);
            Value step = Increment.of(graph.state(PREFIX + "step", DType.I64, Shape.of(1), Initializer.ZEROS));
            Map<Double, Value> rates = new LinkedHashMap<>(Map.of(1.0, rate));
            Map<String, Value> updated = new LinkedHashMap<>();
            for (int i = 0; i < parameters.size(); i++) {
                String name = Graph.variableOf(parameters.get(i));
                ParameterGroup group = group(name, graph);
                Value gradient = factor == null ? gradients.get(i) : Mul.of(gradients.get(i), factor);
                Value own = rates.computeIfAbsent(group.rateFactor(), f -> Scale.of(rate, f));
                updated.put(name, rule.append(new Update(parameters.get(i), gradient, own, step, group)));
            }
            return new Step(updated, norm, step);
        }
    }

    private ParameterGroup group(String name, Graph graph) {
        return groups.stream().filter(g -> g.selection().includes(name, graph)).findFirst().orElse(rest);
    }
}
