package dev.kinema.graph;

/** How a variable starts; drawn from (seed, variable's name) alone, so the order of building does not matter. */
public sealed interface Initializer {
    Initializer ZEROS = new Constant(0);
    Initializer ONES = new Constant(1);

    /** Element {@code i} for a stream of the variable. */
    double element(Philox random, long i);

    /** Every element is {@code value}. */
    record Constant(double value) implements Initializer {
        @Override
        public double element(Philox random, long i) {
            return value;
        }
    }

    /** Normal with mean 0. */
    record Normal(double std) implements Initializer {
        @Override
        public double element(Philox random, long i) {
            return std * random.normal(i);
        }
    }

    /** Uniform in [-bound, bound). */
    record Uniform(double bound) implements Initializer {
        @Override
        public double element(Philox random, long i) {
            return bound * (2 * random.uniform(i) - 1);
        }
    }
}
