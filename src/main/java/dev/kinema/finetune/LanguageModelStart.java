package dev.kinema.finetune;

import dev.kinema.KinemaException;
import dev.kinema.config.Default;
import dev.kinema.model.LanguageModelConfig;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a language model comes from.
 *
 * @param weights of GPT-2 as Hugging Face's transformers stores them, {@code model.safetensors} or {@code pytorch_model.bin}, or as
 *     {@code kinema import} wrote them; tokens that are added to its own are drawn from the run's seed. The toolkit's gpt2-medium
 * @param network drawn at random, from the run's seed
 */
public record LanguageModelStart(Optional<Path> weights, Optional<Network> network) {

    /** A language model's sizes, as {@link LanguageModelConfig} explains them. */
    public record Network(int width, int maxLength, int layers, int heads, int feedForward, @Default("0.1") double dropout,
        @Default("0.1") double attentionDropout, @Default("0.02") double initialStd, @Default("1e-5") double normEpsilon) {

        /** The language model over these tokens. */
        LanguageModelConfig over(TokenTable tokens) {
            return new LanguageModelConfig(tokens.size(), tokens.pad(), tokens.end(), width, maxLength, layers, heads, feedForward, dropout,
                attentionDropout, initialStd, normEpsilon);
        }
    }

    public LanguageModelStart {
        if (weights.isPresent() == network.isPresent()) {
            throw new KinemaException("a language model starts from weights or from a network drawn at random: give one of the two");
        }
    }
}
