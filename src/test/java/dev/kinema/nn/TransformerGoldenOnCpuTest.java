package dev.kinema.nn;

/** PyTorch's own float32 run: outputs within 1.5e-6 (5.6e-6 at full size), gradients within 1e-6, losses within 2e-5. */
class TransformerGoldenOnCpuTest extends TransformerGolden {
    TransformerGoldenOnCpuTest() {
        super("cpu", new Tolerance(1e-5, 1e-5, 1e-4, 5e-5));
    }
}
