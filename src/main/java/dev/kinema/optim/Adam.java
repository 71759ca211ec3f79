package dev.kinema.optim;

import dev.kinema.graph.Value;
import java.util.List;

/**
 * Adam (Kingma and Ba, arXiv:1412.6980) or, with {@code decoupled} weight decay, AdamW (Loshchilov and Hutter, arXiv:1711.05101), as PyTorch
 * has them; buffers {@code first_moment} and {@code second_moment}.
 */
public record Adam(double beta1, double beta2, double epsilon, boolean decoupled) implements Rule {
    public static final Adam ADAM = new Adam(0.9, 0.999, 1e-8, false);
    public static final Adam ADAMW = new Adam(0.9, 0.999, 1e-8, true);

    @Override
    public Value append(Update update) {
        double decay = update.group().weightDecay();
        return update.parameter().graph().append(new dev.kinema.graph.op.Adam(beta1, beta2, epsilon, decay, decoupled),
            List.of(update.parameter(), update.gradient(), update.rate(), update.buffer("first_moment"), update.buffer("second_moment"),
                update.step())).output(0);
    }
}
