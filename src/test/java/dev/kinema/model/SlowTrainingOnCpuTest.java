package dev.kinema.model;

/** PyTorch's own float32 run has gradients within 2e-4 and later losses within 1e-5; ten times that. */
class SlowTrainingOnCpuTest extends SlowTraining {
    SlowTrainingOnCpuTest() {
        super("cpu", new Tolerance(1e-5, 2e-3, 1e-5, 1e-3));
    }
}
