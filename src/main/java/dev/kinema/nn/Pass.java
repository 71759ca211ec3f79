package dev.kinema.nn;

import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Initializer;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Dropout;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Fill;
import dev.kinema.graph.op.Increment;
import java.util.HashMap;
import java.util.Map;

/**
 * A forward pass as it is being built: the graph, the mode, and the place in the network, which is the prefix of variable names. Layers
 * take what they need from it.
 *
 * <p>A graph has one root pass; {@link #at}, {@link #eval}, {@link #frozen} and {@link #withoutUpdates} derive others from it, which
 * share the random state and the order of state updates: a layer that is applied twice updates its running statistics twice, in that
 * order.
 */
public final class Pass {
    /** Name of the random state int64 [2], (seed, step): starts at the seed of the weights and step 0, and each training step counts one up. */
    public static final String RANDOM = "rng";

    private final Graph graph;
    private final Mode mode;
    private final boolean frozen;
    private final boolean updating;
    private final String prefix;
    /** The newest version of each state that a layer wrote, and the random state once it is used, by full name. */
    private final Map<String, Value> versions;

    private Pass(Graph graph, Mode mode, boolean frozen, boolean updating, String prefix, Map<String, Value> versions) {
        this.graph = graph;
        this.mode = mode;
        this.frozen = frozen;
        this.updating = updating;
        this.prefix = prefix;
        this.versions = versions;
    }

    /** The root pass of a graph. */
    public static Pass of(Graph graph, Mode mode) {
        return new Pass(graph, mode, false, true, "", new HashMap<>());
    }

    public static Pass train(Graph graph) {
        return of(graph, Mode.TRAIN);
    }

    public static Pass eval(Graph graph) {
        return of(graph, Mode.EVAL);
    }

    /** The part named {@code name} of this place, such as {@code branch2.a_bn}. */
    public Pass at(String name) {
        return new Pass(graph, mode, frozen, updating, prefix + name + ".", versions);
    }

    /** The same place in {@link Mode#EVAL}: a network with fixed statistics and no dropout inside one that trains. */
    public Pass eval() {
        return new Pass(graph, Mode.EVAL, frozen, updating, prefix, versions);
    }

    /** The same place with weights that are not trained: they are declared as state. For momentum encoders and linear probes. */
    public Pass frozen() {
        return new Pass(graph, mode, true, updating, prefix, versions);
    }

    /**
     * The same place, which computes as this pass does (in training: batch statistics, dropout by the random state as it stands) and
     * leaves running statistics, counters and the random state as they are. For the second of two forward passes over the same clips:
     * embeddings first, then again with gradients (Gao et al., arXiv:2101.06983). Built alone or first in its graph it draws the same
     * dropout as the other pass built so in another, from the same random state.
     */
    public Pass withoutUpdates() {
        return new Pass(graph, mode, frozen, false, prefix, versions);
    }

    public Graph graph() {
        return graph;
    }

    public boolean training() {
        return mode == Mode.TRAIN;
    }

    /** The full name of variable {@code name} of this place. */
    public String name(String name) {
        return prefix + name;
    }

    /** The weight {@code name} of this place, float32. */
    public Value parameter(String name, Shape shape, Initializer initializer) {
        return frozen ? graph.state(name(name), DType.F32, shape, initializer) : graph.parameter(name(name), shape, initializer);
    }

    /** The state {@code name} of this place as it stands at the start of a run. */
    public Value state(String name, DType dtype, Shape shape, Initializer initializer) {
        return graph.state(name(name), dtype, shape, initializer);
    }

    /** state = decay * state + (1 - decay) * sample, unless state is left as it is. */
    public void average(Value state, Value sample, double decay) {
        if (!updating) {
            return;
        }
        versions.compute(Graph.variableOf(state), (name, newest) ->
            Ema.of(newest == null ? state : newest, sample, Fill.scalar(graph, decay)));
    }

    /** Adds 1 to a counter, unless state is left as it is. */
    public void increment(Value counter) {
        if (!updating) {
            return;
        }
        versions.compute(Graph.variableOf(counter), (name, newest) -> Increment.of(newest == null ? counter : newest));
    }

    /** Drops elements of {@code x} with probability {@code p} in training; else {@code x} itself. */
    public Value dropout(Value x, double p) {
        return training() && p > 0 ? Dropout.of(x, p, random()) : x;
    }

    /** The random state of this step; the first call, unless state is left as it is, makes every run end with the next step's. */
    public Value random() {
        Value random = graph.state(RANDOM, DType.I64, Shape.of(2), new Initializer.Seed());
        if (!versions.containsKey(RANDOM)) {
            increment(random);
        }
        return random;
    }
}
