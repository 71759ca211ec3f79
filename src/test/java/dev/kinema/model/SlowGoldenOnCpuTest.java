package dev.kinema.model;

/** PyTorch's own float32 run differs from float64 by up to 1.3e-6 here; the usual mistakes start at 3e-5. */
class SlowGoldenOnCpuTest extends SlowGolden {
    SlowGoldenOnCpuTest() {
        super("cpu", 1e-5);
    }
}
