package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.pretrain.OptimizerConfig;

/**
 * How a task's network is trained: by default as VidSitu's toolkit does (TheShadow29/VidSitu, configs/vsitu_cfg.yml): Adam at 1e-4 with
 * betas 0.9 and 0.99, without warm-up, decay or clipping.
 *
 * @param epochs passes over the training clips; 0 leaves the network as it was drawn or read
 * @param batch clips a step; the toolkit has 16, and 8 for verbs
 * @param optimizer how weights move
 */
public record TuningSettings(@Default("10") int epochs, @Default("16") int batch,
    @Default("{rule: adam, rate: 1e-4, schedule: constant, beta1: 0.9, beta2: 0.99}") OptimizerConfig optimizer) {
    public TuningSettings {
        if (epochs < 0 || batch < 1) {
            throw new KinemaException("epochs is " + epochs + ", and batch " + batch + ": they must be 0 or more, and 1 or more");
        }
        if (epochs > 0) {
            optimizer.rate(epochs);
        }
    }
}
