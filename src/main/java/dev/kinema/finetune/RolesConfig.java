package dev.kinema.finetune;

import dev.kinema.config.Default;

/**
 * Semantic roles.
 *
 * @param tuning how it is trained
 */
public record RolesConfig(@Default("{}") TuningSettings tuning) {
    /** Whether what writes texts reads events' features. */
    boolean sees() {
        return true;
    }
}
