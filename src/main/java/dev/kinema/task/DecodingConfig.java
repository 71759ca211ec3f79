package dev.kinema.task;

import dev.kinema.KinemaException;

/**
 * How texts are written by a decoder. There is no sampling, no temperature and no blocking of repeated n-grams; pad is never written.
 *
 * @param beam how many hypotheses are kept of each text; 1 is greedy decoding
 * @param maxTokens most tokens of a text, its prompt included and the end token not: then it is ended, whatever the decoder would say
 * @param minTokens tokens that a text has, its prompt included, before it may end
 * @param lengthPenalty a hypothesis of n tokens after the prompt, the end token included, is ranked by its log-probability over
 *     n^lengthPenalty
 * @param start what the decoder reads first
 */
public record DecodingConfig(int beam, int maxTokens, int minTokens, double lengthPenalty, Start start) {

    /** Greedy, texts as the decoder was taught: read from the prompt on, up to 60 tokens with the end token. */
    public static final DecodingConfig PAPER = new DecodingConfig(1, 59, 0, 1, Start.PROMPT);

    /** Greedy, as VidSitu's toolkit calls fairseq's generator: up to 200 tokens, read after an end token. */
    public static final DecodingConfig TOOLKIT = new DecodingConfig(1, 200, 0, 1, Start.EOS);

    /** Greedy, as VidSitu's toolkit lets its text-only GPT-2 write: 61 tokens with the verb, of which the end token may be the last. */
    public static final DecodingConfig GPT2 = new DecodingConfig(1, 61, 0, 1, Start.PROMPT);

    /** What stands before the first token that is written. */
    public enum Start {
        /** The prompt, as in training. */
        PROMPT,
        /**
         * The end token, then the prompt, which moves by one position: how fairseq's generator begins, although the toolkit's training
         * texts begin with the prompt.
         */
        EOS
    }

    public DecodingConfig {
        if (beam < 1) {
            throw new KinemaException("a beam holds at least one hypothesis, got " + beam + ": give 1 for greedy decoding");
        }
        if (maxTokens < 1 || minTokens < 0 || minTokens > maxTokens) {
            throw new KinemaException("texts of " + minTokens + " to " + maxTokens + " tokens cannot be written: give minTokens of 0 or"
                + " more, and maxTokens not below it or 1");
        }
        if (!Double.isFinite(lengthPenalty)) {
            throw new KinemaException("a length penalty of " + lengthPenalty + " ranks nothing: give a number, 1 for the mean per token");
        }
    }

    public DecodingConfig withBeam(int beam) {
        return new DecodingConfig(beam, maxTokens, minTokens, lengthPenalty, start);
    }

    /** The same with other bounds of a text's length. */
    public DecodingConfig withLength(int minTokens, int maxTokens) {
        return new DecodingConfig(beam, maxTokens, minTokens, lengthPenalty, start);
    }

    public DecodingConfig withLengthPenalty(double lengthPenalty) {
        return new DecodingConfig(beam, maxTokens, minTokens, lengthPenalty, start);
    }

    public DecodingConfig withStart(Start start) {
        return new DecodingConfig(beam, maxTokens, minTokens, lengthPenalty, start);
    }

    /** How many positions a decoder needs for the longest text: every token but the last prediction is read. */
    public int positions() {
        return maxTokens + (start == Start.EOS ? 1 : 0);
    }
}
