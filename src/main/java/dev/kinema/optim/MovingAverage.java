package dev.kinema.optim;

import dev.kinema.KinemaException;
import dev.kinema.graph.DType;
import dev.kinema.graph.Graph;
import dev.kinema.graph.Shape;
import dev.kinema.graph.Value;
import dev.kinema.graph.op.Ema;
import dev.kinema.graph.op.Variable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A second copy of a network that follows the first: the momentum encoder of MoCo (He et al., arXiv:1911.05722, eq. 2) and BYOL's target.
 * Parameters follow; running statistics do not, each copy has its own.
 *
 * <p>The update ends a step: the copy follows the parameters that this step's optimizer wrote. MoCo's code updates at the start of the next
 * step instead, before the keys are computed, which gives the same keys as long as the copy starts equal.
 */
public final class MovingAverage {
    /** The graph input [] that is the share of the old value, in [0, 1]. */
    public static final String DECAY = "average_decay";

    private MovingAverage() {}

    /**
     * Appends copy = decay * copy + (1 - decay) * parameter for every parameter named {@code network...} whose copy {@code copy...}
     * the graph has declared, as a pass in {@code at(copy).frozen()} does.
     *
     * @param network name of the trained network with its dot, such as {@code backbone.}
     * @param copy name of the copy with its dot, such as {@code backbone_hist.}
     * @param step the step that trains the network
     * @return the copies' names and those of what they follow: before the first step, set each copy to what it follows
     * @throws KinemaException if nothing has a copy
     */
    public static Map<String, String> follow(Graph graph, String network, String copy, Optimizer.Step step) {
        Map<String, String> pairs = new LinkedHashMap<>();
        List<Variable> declared = graph.declarations();
        for (Variable v : declared) {
            String twin = v.name().startsWith(network) ? copy + v.name().substring(network.length()) : null;
            if (v.trained() && twin != null && graph.variables().containsKey(twin)) {
                pairs.put(twin, v.name());
            }
        }
        if (pairs.isEmpty()) {
            throw new KinemaException("no parameter named '" + network + "...' has a copy named '" + copy
                + "...': build both networks before averaging");
        }
        Value decay = graph.inputs().get(DECAY);
        if (decay == null) {
            decay = graph.input(DECAY, DType.F32, Shape.SCALAR);
        }
        for (Map.Entry<String, String> pair : pairs.entrySet()) {
            Value source = step.updated().getOrDefault(pair.getValue(), graph.variables().get(pair.getValue()));
            Ema.of(graph.variables().get(pair.getKey()), source, decay);
        }
        return pairs;
    }

    /** MoCo's decay in PySlowFast (models/contrastive.py): from {@code start} to 1 along a half cosine over all epochs. */
    public static double decay(double start, double epoch, double epochs) {
        return 1 - (1 - start) * (Math.cos(Math.PI * epoch / epochs) + 1) / 2;
    }
}
