package dev.kinema.model;

/** In float64 two programs differ by the order of sums only: 1e-10 is 1e5 roundings of a logit of size 2. */
class SlowGoldenTest extends SlowGolden {
    SlowGoldenTest() {
        super("reference", 1e-10);
    }
}
