package dev.kinema.model;

/** A network that writes texts of tokens: about a memory, {@link Decoder}, or about nothing, {@link LanguageModel}. */
public sealed interface TextModel permits Decoder, LanguageModel {
    TextConfig config();
}
