package dev.kinema.model;

/** In float64 the backward pass of 53 normalised layers still leaves eight digits of every gradient. */
class SlowTrainingTest extends SlowTraining {
    SlowTrainingTest() {
        super("reference", new Tolerance(1e-10, 1e-8, 1e-10, 1e-8));
    }
}
