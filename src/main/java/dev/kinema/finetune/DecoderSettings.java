package dev.kinema.finetune;

import dev.kinema.model.ContextualizerConfig.Positions;
import dev.kinema.model.DecoderConfig;
import dev.kinema.nn.Activation;

/**
 * The decoder TxD as configuration files give it: {@link DecoderConfig}, where each field is explained, but for the tokens, which the
 * dataset decides. There are no defaults, since the paper's decoder and the toolkit's are both to be written out:
 * {@code configs/vidsitu/parts/txd-paper.yaml} and {@code txd-toolkit.yaml}.
 */
public record DecoderSettings(int width, double inputScale, Positions positions, boolean positionsAfterPad, int maxLength, int layers,
    int heads, int feedForward, Activation activation, boolean preNorm, boolean finalNorm, double dropout, double attentionDropout,
    double activationDropout, int bottleneck, double tokenStd, double positionStd, double normEpsilon) {

    /** The decoder over these tokens. */
    DecoderConfig over(TokenTable tokens) {
        return new DecoderConfig(tokens.size(), tokens.pad(), tokens.end(), width, inputScale, positions, positionsAfterPad, maxLength,
            layers, heads, feedForward, activation, preNorm, finalNorm, dropout, attentionDropout, activationDropout, bottleneck, tokenStd,
            positionStd, normEpsilon);
    }
}
