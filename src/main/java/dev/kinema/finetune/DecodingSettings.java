package dev.kinema.finetune;

import dev.kinema.config.Default;
import dev.kinema.task.DecodingConfig;
import dev.kinema.task.vidsitu.RoleTokenizer.Spaces;

/**
 * How texts are written and read, as configuration files give it; by default as they were taught, {@link DecodingConfig#PAPER}.
 *
 * @param beam hypotheses kept of each text; 1 is greedy decoding, the toolkit's
 * @param maxTokens most tokens of a text without its end; the toolkit's 200
 * @param minTokens tokens before a text may end
 * @param lengthPenalty by which power of the length scores are divided; without effect on greedy decoding
 * @param start what is read first: the prompt, as in training, or the end token, as in the toolkit
 * @param spaces what happens to those before punctuation; the toolkit's {@code cleaned_up}
 */
public record DecodingSettings(@Default("1") int beam, @Default("59") int maxTokens, @Default("0") int minTokens,
    @Default("1") double lengthPenalty, @Default("prompt") DecodingConfig.Start start, @Default("kept") Spaces spaces) {

    /** Checks them. */
    public DecodingSettings {
        new DecodingConfig(beam, maxTokens, minTokens, lengthPenalty, start);
    }

    DecodingConfig decoding() {
        return new DecodingConfig(beam, maxTokens, minTokens, lengthPenalty, start);
    }
}
