package dev.kinema.optim;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptimizerGoldenTest extends OptimizerGolden {
    OptimizerGoldenTest() {
        super("reference", 1e-12);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sgd_plain", "sgd_momentum_wd", "sgd_nesterov_wd", "sgd_momentum_dampening", "adam_l2", "adamw", "adamw_betas",
        "adamw_no_decay_on_bias", "lars_sgd", "lars_sgd_nesterov_groups", "lars_clip",
        "sgd_nesterov_wd_lr_schedule", "adamw_lr_schedule"})
    void trajectory(String name) {
        check(name);
    }
}
