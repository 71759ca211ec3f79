package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.optim.Adam;
import dev.kinema.optim.Lars;
import dev.kinema.optim.LearningRate;
import dev.kinema.optim.Optimizer;
import dev.kinema.optim.ParameterGroup;
import dev.kinema.optim.Rule;
import dev.kinema.optim.Selection;
import dev.kinema.optim.Sgd;

/**
 * How weights move, as configuration files give it; names in brackets are PySlowFast's.
 *
 * @param rule sgd, lars (around sgd), adam or adamw
 * @param rate the base learning rate (BASE_LR)
 * @param endRate where a cosine ends (COSINE_END_LR)
 * @param schedule how the rate goes on after the warm-up
 * @param warmUpEpochs epochs of linear warm-up (WARMUP_EPOCHS)
 * @param warmUpStart rate at which it starts (WARMUP_START_LR)
 * @param cosineAfterWarmUp whether the cosine begins at the end of the warm-up and not at epoch 0 (COSINE_AFTER_WARMUP)
 * @param momentum of sgd and lars
 * @param nesterov whether their momentum looks ahead
 * @param weightDecay of weights (WEIGHT_DECAY)
 * @param normDecay of weights and biases of norms (BN.WEIGHT_DECAY)
 * @param decayBiases whether {@code weightDecay} is for biases, too: true in PySlowFast, false in CVRL, which decays kernels only
 * @param beta1 of adam and adamw
 * @param beta2 of adam and adamw
 * @param clip largest norm of the whole gradient, 0 for no limit (CLIP_GRAD_L2NORM)
 */
public record OptimizerConfig(RuleName rule, double rate, @Default("0") double endRate, @Default("cosine") Schedule schedule,
    @Default("0") double warmUpEpochs, @Default("0") double warmUpStart, @Default("false") boolean cosineAfterWarmUp,
    @Default("0.9") double momentum, @Default("false") boolean nesterov, @Default("0") double weightDecay, @Default("0") double normDecay,
    @Default("true") boolean decayBiases, @Default("0.9") double beta1, @Default("0.999") double beta2, @Default("0") double clip) {

    /** The rules by name. */
    public enum RuleName { SGD, LARS, ADAM, ADAMW }

    /** How the rate goes on after the warm-up. */
    public enum Schedule { COSINE, CONSTANT }

    public OptimizerConfig {
        positive("rate", rate);
        atLeastZero("end_rate", endRate);
        atLeastZero("warm_up_epochs", warmUpEpochs);
        atLeastZero("warm_up_start", warmUpStart);
        share("momentum", momentum);
        atLeastZero("weight_decay", weightDecay);
        atLeastZero("norm_decay", normDecay);
        share("beta1", beta1);
        share("beta2", beta2);
        atLeastZero("clip", clip);
        if (nesterov && momentum == 0) {
            throw new KinemaException("nesterov needs a momentum above 0: set momentum, or nesterov to false");
        }
    }

    private static void positive(String name, double value) {
        if (!(value > 0 && value < Double.POSITIVE_INFINITY)) {
            throw new KinemaException(name + " is " + value + ": it must be a number above 0");
        }
    }

    private static void atLeastZero(String name, double value) {
        if (!(value >= 0 && value < Double.POSITIVE_INFINITY)) {
            throw new KinemaException(name + " is " + value + ": it must be 0 or more");
        }
    }

    private static void share(String name, double value) {
        if (!(value >= 0 && value < 1)) {
            throw new KinemaException(name + " is " + value + ": it must be 0 or more, and below 1");
        }
    }

    /** The optimizer. */
    public Optimizer optimizer() {
        Sgd sgd = new Sgd(momentum, 0, nesterov);
        Rule chosen = switch (rule) {
            case SGD -> sgd;
            case LARS -> Lars.of(sgd);
            case ADAM -> new Adam(beta1, beta2, 1e-8, false);
            case ADAMW -> new Adam(beta1, beta2, 1e-8, true);
        };
        Optimizer optimizer = Optimizer.of(chosen, weightDecay).withGroup(ParameterGroup.of(Selection.NORMS, normDecay));
        if (!decayBiases) {
            optimizer = optimizer.withGroup(ParameterGroup.of(Selection.BIASES, 0));
        }
        return clip == 0 ? optimizer : optimizer.withClip(clip);
    }

    /** The rate over {@code epochs} epochs. */
    public LearningRate rate(double epochs) {
        if (warmUpEpochs > epochs) {
            throw new KinemaException("warm_up_epochs is " + warmUpEpochs + ", but training lasts " + epochs + " epochs: lower it");
        }
        LearningRate after = switch (schedule) {
            case CONSTANT -> LearningRate.constant(rate);
            case COSINE -> LearningRate.cosine(rate, endRate, cosineAfterWarmUp ? warmUpEpochs : 0, epochs);
        };
        return warmUpEpochs == 0 ? after : after.withWarmUp(warmUpStart, warmUpEpochs);
    }
}
