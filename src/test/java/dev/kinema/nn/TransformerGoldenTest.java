package dev.kinema.nn;

/** In float64 the order of sums is all that differs: 1e-10 is far above it and far below any other formula. */
class TransformerGoldenTest extends TransformerGolden {
    TransformerGoldenTest() {
        super("reference", new Tolerance(1e-10, 1e-10, 1e-9, 1e-10));
    }
}
