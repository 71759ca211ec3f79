package dev.kinema.graph;

/** How a variable starts; drawn from (seed, variable's name) alone, so the order of building does not matter. */
public sealed interface Initializer {
    Initializer ZEROS = new Constant(0);
    Initializer ONES = new Constant(1);

    /** Element {@code i} for a stream of the variable. */
    double element(Philox random, long i);

    /** Element 0 is the seed itself, the others are 0: a random state (seed, step). */
    record Seed() implements Initializer {
        @Override
        public double element(Philox random, long i) {
            return i == 0 ? random.seed() : 0;
        }
    }

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

    /**
     * A row of a table of positions: sin(p * f_i) in its first half and cos(p * f_i) in the second, f_i = 10000^(-i / (half - 1)),
     * fairseq's layout of the sinusoids of Vaswani et al., arXiv:1706.03762, section 3.5.
     *
     * @param width length of a row
     * @param first position p of the first row; the others count up from it
     */
    record Sinusoid(int width, int first) implements Initializer {
        /** From position 0 on. */
        public Sinusoid(int width) {
            this(width, 0);
        }

        @Override
        public double element(Philox random, long i) {
            int half = width / 2;
            int column = (int) (i % width);
            if (column >= 2 * half) {
                return 0;
            }
            double angle = (first + i / width) * Math.exp(-Math.log(10000) * (column % half) / Math.max(half - 1, 1));
            return column < half ? Math.sin(angle) : Math.cos(angle);
        }
    }
}
