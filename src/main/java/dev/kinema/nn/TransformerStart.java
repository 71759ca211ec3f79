package dev.kinema.nn;

import dev.kinema.graph.Initializer;

/** What the weights of transformer layers start with. */
public sealed interface TransformerStart {
    /** As PyTorch's layers. */
    TransformerStart TORCH = new Torch();

    /** Of {@code in_proj_weight} [3D, D]; its bias is 0. */
    Initializer projections(int width);

    /** The linear layer behind attention, [..., D] to [..., D]. */
    Linear attended(int width);

    /** The first layer of the feed-forward part, [..., D] to [..., F]. */
    Linear inner(int width, int feedForward);

    /** The second one, [..., F] to [..., D]. */
    Linear outer(int feedForward, int width);

    /**
     * PyTorch's: {@code in_proj_weight} Xavier-uniform over [3D, D], the others as linear layers, but for the bias behind attention,
     * which is 0.
     */
    record Torch() implements TransformerStart {
        @Override
        public Initializer projections(int width) {
            return new Initializer.Uniform(Math.sqrt(6.0 / (4 * width)));
        }

        @Override
        public Linear attended(int width) {
            return new Linear(width, width, true, new Initializer.Uniform(1 / Math.sqrt(width)), Initializer.ZEROS);
        }

        @Override
        public Linear inner(int width, int feedForward) {
            return Linear.of(width, feedForward);
        }

        @Override
        public Linear outer(int feedForward, int width) {
            return Linear.of(feedForward, width);
        }
    }

    /**
     * GPT-2's (Radford et al., "Language Models are Unsupervised Multitask Learners", section 2.3): normal weights and no biases, with
     * smaller weights where a sublayer ends.
     *
     * @param residual standard deviation of the last layer of each sublayer, which is added to the residual sum
     */
    record Normal(double std, double residual) implements TransformerStart {
        /** With the residual sum of {@code layers} layers, two sublayers each, at the scale of one. */
        public static Normal scaled(double std, int layers) {
            return new Normal(std, std / Math.sqrt(2.0 * layers));
        }

        @Override
        public Initializer projections(int width) {
            return new Initializer.Normal(std);
        }

        @Override
        public Linear attended(int width) {
            return Linear.normal(width, width, residual);
        }

        @Override
        public Linear inner(int width, int feedForward) {
            return Linear.normal(width, feedForward, std);
        }

        @Override
        public Linear outer(int feedForward, int width) {
            return Linear.normal(feedForward, width, residual);
        }
    }
}
