package dev.kinema.model;

/** As on cpu: the tolerances are those of float32. */
class SlowTrainingOnEmulatedCudaTest extends SlowTraining {
    SlowTrainingOnEmulatedCudaTest() {
        super("cuda-emulated:0", new Tolerance(1e-5, 2e-3, 1e-5, 1e-3));
    }
}
