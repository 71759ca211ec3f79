package dev.kinema.model;

/**
 * A language model as GPT-2 is built: Radford et al., "Language Models are Unsupervised Multitask Learners", section 2.3, and the released
 * weights. VidSitu's text-only baseline is GPT2_MEDIUM, which reads an event's verb and sees nothing of the film.
 *
 * @param vocabulary how many tokens there are, the special ones included
 * @param pad the token that fills up short texts: it is attended to by none, asked for by none, and never written
 * @param eos the token that ends a text
 * @param width of a token
 * @param maxLength longest sequence that the learned positions go to
 * @param layers how many there are
 * @param heads of attention; GPT-2's are always 64 wide
 * @param feedForward width inside the feed-forward part; GPT-2's is four times {@code width}
 * @param dropout of tokens and of sublayer outputs
 * @param attentionDropout of attention weights
 * @param initialStd standard deviation that tables and weights start with, smaller by sqrt(2 layers) where a sublayer ends
 * @param normEpsilon of the layer norms
 */
public record LanguageModelConfig(int vocabulary, int pad, int eos, int width, int maxLength, int layers, int heads, int feedForward,
    double dropout, double attentionDropout, double initialStd, double normEpsilon) implements TextConfig {

    /** The smallest that was released, over GPT-2's tokens and one for padding. */
    public static final LanguageModelConfig GPT2 =
        new LanguageModelConfig(50_258, 50_257, 50_256, 768, 1024, 12, 12, 3072, 0.1, 0.1, 0.02, 1e-5);

    /** The next larger one, over the same tokens. */
    public static final LanguageModelConfig GPT2_MEDIUM = GPT2.withSizes(1024, 24, 16, 4096, 1024);

    public LanguageModelConfig {
        TextConfig.requireTokens(vocabulary, pad, eos);
    }

    /** The same over other tokens. */
    public LanguageModelConfig withVocabulary(int vocabulary, int pad, int eos) {
        return new LanguageModelConfig(vocabulary, pad, eos, width, maxLength, layers, heads, feedForward, dropout, attentionDropout,
            initialStd, normEpsilon);
    }

    /** The same with other sizes. */
    public LanguageModelConfig withSizes(int width, int layers, int heads, int feedForward, int maxLength) {
        return new LanguageModelConfig(vocabulary, pad, eos, width, maxLength, layers, heads, feedForward, dropout, attentionDropout,
            initialStd, normEpsilon);
    }

    public LanguageModelConfig withDropout(double dropout, double attentionDropout) {
        return new LanguageModelConfig(vocabulary, pad, eos, width, maxLength, layers, heads, feedForward, dropout, attentionDropout,
            initialStd, normEpsilon);
    }

    public LanguageModelConfig withInitialStd(double initialStd) {
        return new LanguageModelConfig(vocabulary, pad, eos, width, maxLength, layers, heads, feedForward, dropout, attentionDropout,
            initialStd, normEpsilon);
    }
}
