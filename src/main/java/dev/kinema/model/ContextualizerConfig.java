package dev.kinema.model;

import dev.kinema.nn.Activation;

/**
 * The transformer that puts events into context, TxE of Xiao et al., "Hierarchical Self-supervised Representation Learning for Movie
 * Understanding" (CVPR 2022). The paper fixes 3 layers, 16 heads, width 1024 and learned positions; what it leaves open is set here to what
 * its nearest public code does: VidSitu's toolkit (TheShadow29/VidSitu, transformer.yaml and vidsitu_code/mdl_sf_base.py), whose
 * TxE it takes over.
 *
 * @param inputWidth of an event's feature: 2048, Slow's pooled one
 * @param width of a token
 * @param projection how features become tokens. Open in the paper; default one linear layer, the least that changes the width. VidSitu
 *     has {@link Projection#MLP}
 * @param inputScale what tokens are multiplied by before positions are added. Open; default 1, since learned positions start at the scale
 *     of {@code initialStd}. VidSitu's fairseq encoder has sqrt(width) = 32
 * @param positions how a token knows its place. Learned in the paper; VidSitu has sinusoids
 * @param maxLength longest sequence of learned positions. The paper's sequences have 5 events, VidSitu's clips too
 * @param layers 3 in the paper and in VidSitu
 * @param heads 16 in the paper; VidSitu has 8
 * @param feedForward width inside the feed-forward part. Open; VidSitu's 2048
 * @param activation of the feed-forward part. Open; VidSitu's ReLU
 * @param preNorm whether layer norm comes before the sublayers. Open; VidSitu's false
 * @param finalNorm whether a layer norm ends the stack; needed with {@code preNorm} only. VidSitu has none
 * @param dropout of tokens and of sublayer outputs. Open; VidSitu's 0.1, also the default of the first author's later code
 *     (amazon-science/self-supervised-maclr: TRANSFORMER.DROPOUT)
 * @param attentionDropout of attention weights. Open; VidSitu's 0
 * @param activationDropout inside the feed-forward part. Open; VidSitu's 0
 * @param initialStd standard deviation that learned positions and the [MASK] token start with. Open; BERT's 0.02
 * @param normEpsilon of the layer norms. Open; PyTorch's and VidSitu's 1e-5
 */
public record ContextualizerConfig(int inputWidth, int width, Projection projection, double inputScale, Positions positions, int maxLength,
    int layers, int heads, int feedForward, Activation activation, boolean preNorm, boolean finalNorm, double dropout,
    double attentionDropout, double activationDropout, double initialStd,
    double normEpsilon) {

    public static final ContextualizerConfig TXE = new ContextualizerConfig(2048, 1024, Projection.LINEAR, 1, Positions.LEARNED, 5,
        3, 16, 2048, Activation.RELU, false, false, 0.1, 0, 0, 0.02, 1e-5);

    /** How features become tokens. */
    public enum Projection {
        /** They are tokens already: {@code inputWidth} is {@code width}. */
        NONE,
        /** One linear layer. */
        LINEAR,
        /** Linear, ReLU, linear. */
        MLP
    }

    /** How a token knows its place. */
    public enum Positions {
        LEARNED,
        /** Vaswani et al., arXiv:1706.03762, section 3.5, in fairseq's layout: sines in the first half of the width, cosines in the second. */
        SINUSOID,
        NONE
    }

    /** The same with other sizes. */
    public ContextualizerConfig withSizes(int inputWidth, int width, int layers, int heads, int feedForward, int maxLength) {
        return new ContextualizerConfig(inputWidth, width, projection, inputScale, positions, maxLength, layers, heads, feedForward,
            activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, initialStd, normEpsilon);
    }

    public ContextualizerConfig withProjection(Projection projection) {
        return new ContextualizerConfig(inputWidth, width, projection, inputScale, positions, maxLength, layers, heads, feedForward,
            activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, initialStd, normEpsilon);
    }

    public ContextualizerConfig withPositions(Positions positions, double inputScale) {
        return new ContextualizerConfig(inputWidth, width, projection, inputScale, positions, maxLength, layers, heads, feedForward,
            activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, initialStd, normEpsilon);
    }

    public ContextualizerConfig withNorm(boolean preNorm, boolean finalNorm, Activation activation) {
        return new ContextualizerConfig(inputWidth, width, projection, inputScale, positions, maxLength, layers, heads, feedForward,
            activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, initialStd, normEpsilon);
    }

    public ContextualizerConfig withDropout(double dropout, double attentionDropout, double activationDropout) {
        return new ContextualizerConfig(inputWidth, width, projection, inputScale, positions, maxLength, layers, heads, feedForward,
            activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, initialStd, normEpsilon);
    }
}
