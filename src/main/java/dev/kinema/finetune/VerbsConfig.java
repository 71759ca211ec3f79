package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;

/**
 * Verbs: the backbone and a classifier of two layers, trained together (VidSitu's toolkit: vidsitu_code/mdl_sf_base.py).
 *
 * @param hidden width between the classifier's layers; 0 for half the feature's, the toolkit's 1024
 * @param microBatch clips computed at once, which divides the batch; 0 for all. Batch norm sees these
 * @param tuning how it is trained
 */
public record VerbsConfig(@Default("0") int hidden, @Default("0") int microBatch, @Default("{}") TuningSettings tuning) {
    public VerbsConfig {
        if (hidden < 0 || microBatch < 0) {
            throw new KinemaException("hidden is " + hidden + ", and micro_batch " + microBatch + ": they must be 0 or more");
        }
        if (microBatch > 0 && tuning.batch() % microBatch != 0) {
            throw new KinemaException("micro_batch is " + microBatch + ", which does not divide batch, " + tuning.batch());
        }
    }

    /** Clips computed at once. */
    int part() {
        return microBatch == 0 ? tuning.batch() : microBatch;
    }
}
