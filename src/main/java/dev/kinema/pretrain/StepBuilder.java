package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.device.Compilation;
import dev.kinema.device.Device;
import dev.kinema.device.Weights;
import dev.kinema.graph.Graph;
import dev.kinema.model.SlowConfig;
import dev.kinema.optim.MovingAverage;
import dev.kinema.optim.Optimizer;
import java.util.Map;

/**
 * What the programs of a training step are made from.
 *
 * @param films in a batch
 * @param part films computed at once, which divides {@code films}
 * @param seed variables that the weights lack are drawn from
 */
record StepBuilder(Device device, Weights weights, Compilation compilation, SlowConfig.Clip clip, Objective objective, Optimizer optimizer,
    int films, int part, long seed) {

    StepBuilder {
        if (films < 1 || part < 1 || films % part != 0) {
            throw new KinemaException("a batch of " + films + " films cannot be computed in parts of " + part
                + ": micro_batch must divide batch");
        }
    }

    /** The step in as few programs as the sizes allow. */
    BackboneStep build() {
        if (films == part) {
            return new WholeStep(this);
        }
        return objective instanceof Classification ? new SummedStep(this) : new CachedStep(this);
    }

    int parts() {
        return films / part;
    }

    /** Creates what the weights lack; a momentum encoder that is new starts as its network. */
    void initialize(Graph graph) {
        weights.initialize(graph, seed);
    }

    /** Ends a step's graph: the momentum encoder follows. Where it was just created, it starts equal. */
    void follow(Graph graph, Optimizer.Step step) {
        boolean fresh = !weights.has(Optimizer.PREFIX + "step");
        Map<String, String> pairs = MovingAverage.follow(graph, Objective.NETWORK, Objective.COPY, step);
        initialize(graph);
        if (fresh) {
            pairs.forEach((copy, source) -> weights.put(copy, weights.get(source)));
        }
    }
}
