package dev.kinema.pretrain;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.model.ContextualizerConfig;
import java.util.List;
import java.util.Optional;

/**
 * How the contextualizer is pretrained, stage three.
 *
 * @param network the contextualizer
 * @param window how sequences of events are cut out of films
 * @param masks which events are hidden
 * @param objective what is predicted and how it is compared
 * @param optimizer how weights move
 * @param epochs passes over the films: 100 on VidSitu and 1000 on LVU in the paper
 * @param batch sequences per step
 */
public record MaskPredictionConfig(ContextualizerConfig network, WindowSettings window, MaskSettings masks, ObjectiveSettings objective,
    OptimizerConfig optimizer, int epochs, int batch) {

    /** What a prediction is compared with. Open in the paper. */
    public enum Target {
        /** The hidden event's token: its feature, projected by a slowly following copy of the input projection. The default. */
        PROJECTED,
        /** The hidden event's feature; the prediction goes through an output projection to its width. */
        RAW
    }

    /** How a prediction is compared. */
    public enum LossName {
        /** With the truth and a queue of other events (paper, eq. 1). */
        INFONCE,
        /** By its squared distance from the truth, both of length 1 (an ablation of the paper's). */
        L2
    }

    /** What goes into the queue. Open in the paper. */
    public enum Enqueued {
        /** The keys that were predicted. The default: MoCo's queue holds what was a positive once. */
        TARGETS,
        /** The keys of all events of the batch. */
        ALL
    }

    /** Where the hidden block lies. */
    public enum Place {
        /** Anywhere it fits, each place with the same probability. */
        UNIFORM,
        /** Where hiding an event changes the network's output most ("max discrepancy", an ablation of the paper's). */
        MAX_DISCREPANCY
    }

    /**
     * @param tokens N, events of a sequence, 5 in the paper
     * @param stride seconds from event to event: 2 in the paper, which compares 1, 2 and 3
     * @param perFilm windows of a film in an epoch
     * @param maxFailed share of the films that may be too short before training refuses to start
     * @param cacheMegabytes features are kept in memory up to this, and read again for each window beyond it
     */
    public record WindowSettings(@Default("5") int tokens, @Default("2") double stride, @Default("1") int perFilm,
        @Default("0.05") double maxFailed, @Default("2048") int cacheMegabytes) {
        public WindowSettings {
            atLeast("tokens", tokens, 2);
            atLeast("per_film", perFilm, 1);
            if (!(stride > 0 && stride < 3600)) {
                throw new KinemaException("stride is " + stride + ": it must be a number of seconds above 0");
            }
            if (!(maxFailed >= 0 && maxFailed <= 1)) {
                throw new KinemaException("max_failed is " + maxFailed + ": it must be a share, 0 to 1");
            }
            atLeast("cache_megabytes", cacheMegabytes, 0);
        }
    }

    /**
     * @param share alpha: sizes are {1 .. floor(share * tokens)}; 0.6 in the paper
     * @param sizes the sizes instead of a share
     * @param place where the block lies
     */
    public record MaskSettings(@Default("0.6") double share, Optional<List<Integer>> sizes, @Default("uniform") Place place) {
        MaskSampler sampler(int tokens) {
            return new MaskSampler(tokens, sizes.orElseGet(() -> MaskSampler.upTo(share, tokens)));
        }
    }

    /**
     * @param loss how a prediction is compared
     * @param target with what
     * @param targetMomentum share of the old value in the copy that projects targets, in each step; 0.999 as in the first author's later code
     *     (amazon-science/self-supervised-maclr: MASK_PRED_MOMENTUM)
     * @param temperature 0.1 in the paper
     * @param queue K, entries of the queue, 65,536 in the paper
     * @param enqueued what goes into it
     * @param excludeSameFilm whether keys of the film itself are no negatives; the paper does not say so, and the default is no
     */
    public record ObjectiveSettings(@Default("infonce") LossName loss, @Default("projected") Target target,
        @Default("0.999") double targetMomentum, @Default("0.1") double temperature, @Default("65536") int queue,
        @Default("targets") Enqueued enqueued, @Default("false") boolean excludeSameFilm) {
        public ObjectiveSettings {
            if (!(targetMomentum >= 0 && targetMomentum <= 1)) {
                throw new KinemaException("target_momentum is " + targetMomentum + ": it must be 0 to 1");
            }
            if (!(temperature > 0)) {
                throw new KinemaException("temperature is " + temperature + ": it must be above 0");
            }
            atLeast("queue", queue, 1);
        }
    }

    public MaskPredictionConfig {
        atLeast("epochs", epochs, 1);
        atLeast("batch", batch, 1);
        optimizer.rate(epochs);
        if (window.tokens() > network.maxLength() && network.positions() == ContextualizerConfig.Positions.LEARNED) {
            throw new KinemaException("window: tokens is " + window.tokens() + ", but network has max_length " + network.maxLength()
                + ": raise max_length");
        }
        if (network.projection() == ContextualizerConfig.Projection.NONE && objective.target() == Target.PROJECTED) {
            throw new KinemaException("objective: target is projected, but network has no projection: set target to raw");
        }
        MaskSampler sampler = masks.sampler(window.tokens());
        int most = objective.enqueued() == Enqueued.ALL ? batch * window.tokens() : sampler.most(batch);
        if (objective.loss() == LossName.INFONCE && most > objective.queue()) {
            throw new KinemaException("queue is " + objective.queue() + ", but a batch enqueues up to " + most + " keys: raise queue, or lower "
                + "batch");
        }
    }

    static void atLeast(String name, long value, long least) {
        if (value < least) {
            throw new KinemaException(name + " is " + value + ": it must be " + least + " or more");
        }
    }
}
