package dev.kinema.task;

import java.util.List;

/**
 * A text as a decoder wrote it.
 *
 * @param tokens its prompt and what follows, without the end token
 * @param score log-probability of what follows the prompt, the end token included, over the length as {@link DecodingConfig} says
 * @param ended whether the decoder chose to end it; false at the greatest length, where the end is forced
 */
public record DecodedText(List<Integer> tokens, double score, boolean ended) {
    public DecodedText {
        tokens = List.copyOf(tokens);
    }
}
