package dev.kinema.optim;

import dev.kinema.graph.Value;

/** Stochastic gradient descent as PyTorch has it; buffer {@code momentum} where there is momentum. */
public record Sgd(double momentum, double dampening, boolean nesterov) implements Rule {
    /** PySlowFast's default: momentum 0.9, Nesterov. */
    public static final Sgd NESTEROV = new Sgd(0.9, 0, true);

    @Override
    public Value append(Update update) {
        double decay = update.group().weightDecay();
        return update.descend(new dev.kinema.graph.op.Sgd(momentum, dampening, nesterov, decay), momentum);
    }
}
