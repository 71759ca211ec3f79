package dev.kinema.model;

import dev.kinema.KinemaException;

/** What is said of every network that writes texts of tokens. */
public sealed interface TextConfig permits DecoderConfig, LanguageModelConfig {

    /** How many tokens there are, the special ones included. */
    int vocabulary();

    /** The token that fills up short texts: never written. */
    int pad();

    /** The token that ends a text. */
    int eos();

    /** Size of a token's state. */
    int width();

    int layers();

    /** Longest sequence that the positions go to. */
    int maxLength();

    /** Throws unless there is something to write, and the two special tokens are two and in the vocabulary. */
    static void requireTokens(int vocabulary, int pad, int eos) {
        if (vocabulary < 3) {
            throw new KinemaException("a vocabulary of " + vocabulary + " leaves nothing to write besides pad and eos: give a larger one");
        }
        requireToken(vocabulary, "pad", pad);
        requireToken(vocabulary, "eos", eos);
        if (pad == eos) {
            throw new KinemaException("pad and eos are both token " + pad + ", and a decoder that may not write the one would never write"
                + " the other: give padding a token of its own");
        }
    }

    private static void requireToken(int vocabulary, String name, int token) {
        if (token < 0 || token >= vocabulary) {
            throw new KinemaException(name + " is token " + token + ", which a vocabulary of " + vocabulary + " lacks: give one of 0 to "
                + (vocabulary - 1));
        }
    }
}
