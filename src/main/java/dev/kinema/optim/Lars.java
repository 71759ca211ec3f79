package dev.kinema.optim;

import dev.kinema.graph.Value;

/**
 * Layer-wise adaptive rate scaling around SGD (You et al., arXiv:1708.03888), as PySlowFast's utils/lars.py: in a group that is
 * {@linkplain ParameterGroup#layerwise layerwise}, parameters with two axes or more are scaled and decayed, and those with one get
 * neither. Other groups are plain SGD.
 *
 * @param trust the trust coefficient, 0.001 in PySlowFast
 * @param epsilon 1e-8 in PySlowFast
 * @param clip whether the layer's rate is only ever lowered, to at most the learning rate; off in PySlowFast
 */
public record Lars(Sgd sgd, double trust, double epsilon, boolean clip) implements Rule {

    /** With PySlowFast's constants. */
    public static Lars of(Sgd sgd) {
        return new Lars(sgd, 0.001, 1e-8, false);
    }

    @Override
    public Value append(Update update) {
        ParameterGroup group = update.group();
        if (!group.layerwise()) {
            return sgd.append(update);
        }
        if (update.parameter().shape().rank() < 2) {
            return update.descend(new dev.kinema.graph.op.Sgd(sgd.momentum(), sgd.dampening(), sgd.nesterov(), 0), sgd.momentum());
        }
        return update.descend(new dev.kinema.graph.op.Lars(sgd.momentum(), sgd.dampening(), sgd.nesterov(), group.weightDecay(), trust,
            epsilon, clip), sgd.momentum());
    }
}
