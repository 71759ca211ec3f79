package dev.kinema.model;

import dev.kinema.model.ContextualizerConfig.Positions;
import dev.kinema.nn.Activation;

/**
 * The transformer that writes an event's verb and roles as text, TxD of the CVPR 2022 paper of {@link ContextualizerConfig}. The paper
 * says 3 layers, and 16 heads, width 1024 and learned positions of its transformers; what it leaves open is set to what VidSitu's toolkit
 * does (TheShadow29/VidSitu, transformer.yaml and the fairseq decoder under it), or named here.
 *
 * @param vocabulary how many tokens there are, the special ones included
 * @param pad the token that fills up short texts: it reads as zeros, is attended to by none, and is never learned or written
 * @param eos the token that ends a text
 * @param width of a token
 * @param inputScale what tokens are multiplied by before positions are added. Open; the toolkit has sqrt(width) = 32
 * @param positions how a token knows its place. Learned in the paper; the toolkit has sinusoids
 * @param positionsAfterPad a quirk of fairseq: the first position is number {@code pad} + 1, about 50 000 in the toolkit, which with
 *     sinusoids is another code than that of position 0. Learned positions do not change by it
 * @param maxLength longest sequence that the positions go to
 * @param layers 3 in the paper and in the toolkit
 * @param heads 16 in the paper; the toolkit has 8
 * @param feedForward width inside the feed-forward part. Open; the toolkit's 2048
 * @param activation of the feed-forward part. Open; the toolkit's ReLU
 * @param preNorm whether layer norm comes before the sublayers. Open; the toolkit's false
 * @param finalNorm whether a layer norm ends the stack; needed with {@code preNorm} only. The toolkit has none
 * @param dropout of tokens and of sublayer outputs. Open; the toolkit's 0.1
 * @param attentionDropout of attention weights. Open; the toolkit's 0
 * @param activationDropout inside the feed-forward part. Open; the toolkit's 0
 * @param bottleneck width of a linear layer without bias between the last token state and the vocabulary, 0 for none. Open; the
 *     toolkit's 512. The weights of the vocabulary are always their own, not those of the token table
 * @param tokenStd standard deviation that the token table starts with. Open; GPT-2's 0.02, the scale of learned positions. The toolkit
 *     has 1
 * @param positionStd standard deviation that learned positions start with. Open; GPT-2's 0.02
 * @param normEpsilon of the layer norms. Open; the toolkit's 1e-5
 */
public record DecoderConfig(int vocabulary, int pad, int eos, int width, double inputScale, Positions positions, boolean positionsAfterPad,
    int maxLength, int layers, int heads, int feedForward, Activation activation, boolean preNorm, boolean finalNorm, double dropout,
    double attentionDropout, double activationDropout, int bottleneck, double tokenStd, double positionStd, double normEpsilon)
    implements TextConfig {

    /** What the paper says, over GPT-2's tokens and one for padding; positions as far as training texts go, 60 tokens. */
    public static final DecoderConfig PAPER = new DecoderConfig(50_258, 50_257, 50_256, 1024, 1, Positions.LEARNED, false, 60,
        3, 16, 2048, Activation.RELU, false, false, 0.1, 0, 0, 512, 0.02, 0.02, 1e-5);

    /** The toolkit's, over the same tokens; positions as far as its decoding goes, the end token and 200 after it. */
    public static final DecoderConfig TOOLKIT = new DecoderConfig(50_258, 50_257, 50_256, 1024, 32, Positions.SINUSOID, true, 201,
        3, 8, 2048, Activation.RELU, false, false, 0.1, 0, 0, 512, 1, 0.02, 1e-5);

    public DecoderConfig {
        TextConfig.requireTokens(vocabulary, pad, eos);
    }

    /** The same over other tokens. */
    public DecoderConfig withVocabulary(int vocabulary, int pad, int eos) {
        return new DecoderConfig(vocabulary, pad, eos, width, inputScale, positions, positionsAfterPad, maxLength, layers, heads,
            feedForward, activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, bottleneck, tokenStd, positionStd,
            normEpsilon);
    }

    /** The same with other sizes. */
    public DecoderConfig withSizes(int width, int layers, int heads, int feedForward, int bottleneck, int maxLength) {
        return new DecoderConfig(vocabulary, pad, eos, width, inputScale, positions, positionsAfterPad, maxLength, layers, heads,
            feedForward, activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, bottleneck, tokenStd, positionStd,
            normEpsilon);
    }

    public DecoderConfig withPositions(Positions positions, boolean positionsAfterPad, double inputScale) {
        return new DecoderConfig(vocabulary, pad, eos, width, inputScale, positions, positionsAfterPad, maxLength, layers, heads,
            feedForward, activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, bottleneck, tokenStd, positionStd,
            normEpsilon);
    }

    public DecoderConfig withNorm(boolean preNorm, boolean finalNorm, Activation activation) {
        return new DecoderConfig(vocabulary, pad, eos, width, inputScale, positions, positionsAfterPad, maxLength, layers, heads,
            feedForward, activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, bottleneck, tokenStd, positionStd,
            normEpsilon);
    }

    public DecoderConfig withDropout(double dropout, double attentionDropout, double activationDropout) {
        return new DecoderConfig(vocabulary, pad, eos, width, inputScale, positions, positionsAfterPad, maxLength, layers, heads,
            feedForward, activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, bottleneck, tokenStd, positionStd,
            normEpsilon);
    }
}
